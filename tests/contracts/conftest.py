"""The suites explain what they find as tests do."""

import pytest

pytest.register_assert_rewrite("tests.contracts.suites")
