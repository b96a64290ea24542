"""The three kinds of number: exact sums of logarithms, floats with a stated error, and tables of either."""
