"""`python -m n4akit.serve.cli` is `n4a`."""

from . import main

main()
