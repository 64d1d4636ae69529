"""`python -m daemon.cli` is `nxd`."""

from daemon.cli import main

main()
