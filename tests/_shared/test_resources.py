from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.resources import FOLDERS, resource_path


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_data_folder_is_found(folder: str) -> None:
    assert (resource_path(folder) / "README.md").is_file()


@pytest.mark.parametrize("name", ["", "rootzone/__init__.py", "data/../pyproject.toml"])
def test_a_name_outside_the_data_folders_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="not a packed resource"):
        resource_path(name)


def test_a_missing_resource_says_how_to_mend_the_installation() -> None:
    with pytest.raises(RequestError, match=r"data/none\.bin.*Reinstall"):
        resource_path("data/none.bin")
