"""One sheet a module, blank for every story."""

from collections.abc import Iterator

import pytest

from tests.tracking.harness import Sheet


@pytest.fixture(scope="module")
def one_sheet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sheet]:
    made = Sheet(tmp_path_factory.mktemp("bucket"))
    yield made
    made.warehouse.close()


@pytest.fixture
def sheet(one_sheet: Sheet) -> Sheet:
    one_sheet.empty()
    return one_sheet
