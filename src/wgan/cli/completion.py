"""`wgan completion SHELL`: the script that completes commands and flags in a shell."""

import sys
from typing import Literal

from wgan.cli.commands import app

Shell = Literal["bash", "zsh", "fish"]


def completion_command(shell: Shell, /) -> int:
    """Print the script that completes commands and flags of `wgan` in a shell.

    For bash, write it to ~/.wgan.bash, and put `source ~/.wgan.bash` into ~/.bashrc. For zsh, write
    it to ~/.zfunc/_wgan, with ~/.zfunc in fpath. For fish, write it to
    ~/.config/fish/completions/wgan.fish. It works in shells that are started later.

    Parameters
    ----------
    shell
        Shell: bash, zsh or fish.
    """
    sys.stdout.write(app.generate_completion(prog_name="wgan", shell=shell))
    return 0
