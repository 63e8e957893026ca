"""Run the command line as `python -m troupe`, also where the package is not installed."""

from troupe.cli import main

if __name__ == "__main__":
    main()
