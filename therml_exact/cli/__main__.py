"""python -m therml_exact.cli"""

from therml_exact.cli import main

if __name__ == "__main__":
    main()
