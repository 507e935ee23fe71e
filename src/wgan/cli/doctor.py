"""`wgan doctor`: what is installed, what a run would use, and how fast a step is."""

from typing import Annotated

from wgan.base.printing import on_one_line
from wgan.cli import print_error
from wgan.cli.exit_codes import BROKEN, DONE
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import Flag, screen
from wgan.cli.progress import bar
from wgan.experiments.doctor import examine, faults_of

INDENT = 14


def doctor_command(*, json_: Json = False, quiet: Annotated[bool, Flag] = False) -> int:
    """Check this installation: what is installed, what a run would use, how fast a step is.

    It says what it cannot find out. If something is broken that a run needs, it exits with 1 and
    one line on standard error.

    Parameters
    ----------
    json_
        Print one JSON document instead of text.
    quiet
        No progress bar.
    """
    with bar(quiet) as progress:
        findings = examine(progress)
    faults = [on_one_line(fault) for fault in faults_of(findings)]
    if json_:
        values = {finding.name.replace(" ", "_"): finding.values for finding in findings}
        print_json("doctor", {"faults": faults, **values})
    else:
        for finding in findings:
            for i, line in enumerate(finding.lines):
                name = "" if i else finding.name
                screen.print(f"{name:{INDENT}}{on_one_line(line)}")
    if faults:
        print_error("; ".join(faults))
    return BROKEN if faults else DONE
