"""``vidmbench report``: one page of everything that was measured."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli.options import OwnOnly
from vidmbench.cli.output import print_notes, say
from vidmbench.cli.parsing import records_folder


def report(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for index.html; created if it does not exist.")],
    runs: Annotated[
        list[Path] | None,
        typer.Option(
            "--runs", metavar="DIR", help="Folder with your own records; may be repeated.", show_default="./runs"
        ),
    ] = None,
    own_only: OwnOnly = False,
    videos: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Clips per model, from the files that records name, which are opened; those of VIDM are sampled "
            "again, which takes minutes; 0 for none.",
            show_default="2, only of what vidmbench generates",
            min=0,
            max=16,
        ),
    ] = None,
) -> None:
    """Write one page of what was measured, which needs no server and no network.

    It holds the numbers with their signatures and commands, tables, plots, and clips beside the real ones. Files that a
    record names are opened only with --videos: give it for records that you trust. Records of several labs are merged;
    two different records of one run are refused.

    \b
    Examples:
      vidmbench report --out site
      vidmbench report --runs runs/ours --runs runs/theirs --out site
      vidmbench report --videos 0 --out site
    """
    from vidmbench.core import resources
    from vidmbench.records.record import find_records
    from vidmbench.reporting.page.write import write_report

    own_folders = [records_folder(folder) for folder in runs] if runs else [records_folder(None)]
    folders = [*([] if own_only else [resources.results_dir() / "measured"]), *own_folders]
    found = find_records(*folders)
    where = " and ".join(map(str, folders))
    missing = found.notes()
    page, *media = write_report(found.records, out, where=where, files=found.files, missing=missing, clips=videos)
    say(str(page))
    size = page.stat().st_size / 1e6
    beside = f", and {len(media)} files in {page.parent / 'media'}" if media else ""
    print_notes([*missing, f"{size:.1f} MB{beside}"])
