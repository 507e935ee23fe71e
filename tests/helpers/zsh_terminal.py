"""A terminal of zsh: what its line editor makes of a line and a tab."""

import os
import pty
import re
import select
import signal
import time

SETUP = """
PS1='READY> '
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -u -D
{last}
zstyle ':completion:*' insert-tab false
setopt no_beep no_always_last_prompt
unset zle_bracketed_paste
show() {{ print; print -r -- "LINE<$BUFFER>"; zle kill-whole-line; zle redisplay; }}
zle -N show
bindkey '^I' complete-word
bindkey '^X' show
"""
PATIENCE = 60.0
"""Seconds to wait for zsh to answer: it takes a tenth of one on an idle machine."""


class Zsh:
    """An interactive zsh without the user's files, in a terminal of 200 columns."""

    def __init__(self, folder, last=""):
        """Begin in the present folder; `folder` holds functions that complete, such as `_wgan`, and
        `last` is a line that a user has at the end of ~/.zshrc.
        """
        (folder / "setup.zsh").write_text(SETUP.format(folder=folder, last=last))
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "dumb", "COLUMNS": "200", "LINES": "200"}
            os.execvp("zsh", ["zsh", "-f", "-i"])
        os.write(self.terminal, f"PS1=; source {folder}/setup.zsh\n".encode())
        self._read("READY> ")

    def complete(self, line):
        """Return the line after a tab, and what was shown below it."""
        os.write(self.terminal, f"{line}\t".encode())
        time.sleep(0.05)  # zsh may take keys that wait for a paste
        os.write(self.terminal, b"\x18")
        shown = self._read(r"LINE<(.*)>\r?\n")
        return re.search("LINE<(.*)>", shown).group(1), shown

    def close(self):
        """End the shell."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def _read(self, pattern):
        """Return what is written until a pattern occurs."""
        text, end = "", time.monotonic() + PATIENCE
        while not re.search(pattern, text):
            left = end - time.monotonic()
            assert left > 0, f"zsh wrote {text!r}, and no {pattern!r}"
            if select.select([self.terminal], [], [], left)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace")
        return text
