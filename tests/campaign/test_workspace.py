from __future__ import annotations

from pathlib import Path

from rootzone.campaign.workspace import Workspace


def test_everything_lies_below_the_folder_of_the_campaign_file() -> None:
    workspace = Workspace.beside(Path("boulder/campaign.yaml"))
    named = [
        getattr(workspace, name)
        for name, kind in vars(Workspace).items()
        if isinstance(kind, property)
    ]
    named += [workspace.weather(2023), workspace.shard(7), workspace.profiles(7)]
    assert all(path.is_relative_to("boulder") for path in named)
    assert len(set(named)) == len(named)


def test_shards_sort_by_name_as_by_number() -> None:
    workspace = Workspace(Path())
    names = [workspace.shard(number).name for number in (2, 10, 99_999)]
    assert names == sorted(names)
