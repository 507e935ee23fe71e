"""`wgan completion SHELL`: the script that completes commands and flags in a shell."""

import sys
from typing import Literal

from wgan.cli.commands import app

Shell = Literal["bash", "zsh", "fish"]
ENDS = {
    "zsh": """
if [[ $funcstack[1] == (_wgan|_cyclopts_wgan) ]]; then
  _cyclopts_wgan "$@"
else
  compdef _cyclopts_wgan wgan
fi
"""
}
"""What is added to a generated script. That of zsh only defines a function, so that the first tab
would do nothing, and each later one nothing again: it has to call it, or, sourced, to name it.
"""


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
    sys.stdout.write(app.generate_completion(prog_name="wgan", shell=shell) + ENDS.get(shell, ""))
    return 0
