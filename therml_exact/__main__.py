"""python -m therml_exact: the command line."""

from therml_exact.cli import main

if __name__ == "__main__":
    main(prog_name="python -m therml_exact")
