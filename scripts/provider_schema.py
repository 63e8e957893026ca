#!/usr/bin/env python
"""Extract the Google provider's schema from packages on PyPI, to check infra/terraform offline.

    pip download --no-deps cdktn-provider-google==21.1.0 cdktn-provider-google-beta==21.1.0
    python scripts/provider_schema.py cdktn_provider_google*-21.1.0-py3-none-any.whl

writes tests/terraform/provider-schema/google-<version>.json with the types that infra/terraform
uses, one a line. The wheels contain bindings that were generated from the provider's schema; their
JavaScript states for each attribute its type, and whether it is computed, optional or required. The
result has the form of `terraform providers schema -json`, with an attribute's documented values as
`x_enum`. It is data under the Mozilla Public License 2.0: see the NOTICE there.
"""

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPO = Path(__file__).parent.parent
TERRAFORM = REPO / "infra" / "terraform"
SCHEMAS = REPO / "tests" / "terraform" / "provider-schema"

_ATTRIBUTE = re.compile(
    r"^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$"
)
_CLASS = re.compile(r"^class (\w+) extends cdkt[fn]\.(?:Cdktf)?(\w+)")
_STRUCT = re.compile(r"^function (\w+)ToHclTerraform\(struct\)")
_TYPE = re.compile(r'^    static tfResourceType = "(\w+)";')
_ENTRY = re.compile(r"^\s+\"?([a-z0-9_]+)\"?: \{$")
_VALUE = re.compile(r"(" + "|".join(
    (" = new ", "return this.get", r"Fn\.tolist", r"Fn\.toset", "interpolationForAttribute")
) + ")")  # fmt: skip
_FILE = re.compile(r"package/lib/([\w-]+)/(?:index|index-structs/structs\d+)\.(js|d\.ts)$")
_KINDS = {
    "TerraformResource": "resource_schemas",
    "TerraformDataSource": "data_source_schemas",
    "TerraformProvider": "provider",
}
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_COLLECTION = re.compile(r"^(string|number|boolean|any)((?:List|Map)+)$")
_GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getStringMapAttribute": ["map", "string"],
    "StringMapList(": ["list", ["map", "string"]],
    "StringListList(": ["list", ["list", "string"]],
    "StringMap(": ["map", "string"],
    "NumberMap(": ["map", "number"],
    "BooleanMap(": ["map", "bool"],
    "AnyMap(": ["map", "dynamic"],
}

Json = dict[str, Any]


@dataclass
class Attribute:
    computed: bool
    optional: bool
    required: bool
    value: str = ""
    """The JavaScript that creates it."""


@dataclass
class Class:
    base: str
    type: str = ""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    entries: dict[str, Json] = field(default_factory=dict)
    """From `synthesizeHclAttributes`: for each attribute whether it is a block, and its storage."""


@dataclass
class Module:
    """One folder of the bindings."""

    classes: dict[str, Class]
    structs: dict[str, dict[str, Json]]
    values: dict[tuple[str, str], list[str]]
    """Documented values, by interface and attribute."""


def read_wheel(wheel: Path) -> tuple[str, Json]:
    """The provider's version and its whole schema."""
    name = "google-beta" if "google_beta" in wheel.name else "google"
    version, schemas = "", Json({kind: {} for kind in _KINDS.values()})
    for script, types in _sources(wheel):
        version = version or _first_group(re.search(r"providerVersion: '([\d.]+)'", script))
        module = Module(*_read_script(script), _read_values(types))
        for class_name, each in module.classes.items():
            kind = _KINDS.get(each.base)
            if kind:
                block = _block(each, each.entries, f"{class_name}Config", module, ())
                schema = {"version": 0, "block": block}
                schemas[kind].update({each.type: schema} if kind != "provider" else schema)
    origin = f"hashicorp/{name} {version}, from {'-'.join(wheel.name.split('-')[:2])} (MPL-2.0)"
    return version, {"x_origin": [origin], "provider_schemas": {f"hashicorp/{name}": schemas}}


def _sources(wheel: Path) -> Iterator[tuple[str, str]]:
    """Script and declarations of each folder."""
    with zipfile.ZipFile(wheel) as outer:
        inner = next(each for each in outer.namelist() if each.endswith(".jsii.tgz"))
        packed = io.BytesIO(outer.read(inner))
    found: dict[str, dict[str, str]] = {}
    with tarfile.open(fileobj=packed, mode="r:gz") as archive:
        for member in archive:
            hit = _FILE.match(member.name)
            data = archive.extractfile(member) if hit else None
            if hit and data:
                texts = found.setdefault(hit[1], {"js": "", "d.ts": ""})
                texts[hit[2]] += "\n" + data.read().decode()
    for _, texts in sorted(found.items()):
        yield texts["js"], texts["d.ts"]


def _read_script(script: str) -> tuple[dict[str, Class], dict[str, dict[str, Json]]]:
    classes: dict[str, Class] = {}
    structs: dict[str, dict[str, Json]] = {}
    current: Class | None = None
    target: dict[str, Json] | None = None
    entry: Json | None = None
    lines = script.split("\n")
    for at, line in enumerate(lines):
        if hit := _CLASS.match(line):
            current, target = classes.setdefault(hit[1], Class(hit[2])), None
        if hit := _STRUCT.match(line):
            current, target = None, structs.setdefault(hit[1], {})
        if current:
            if hit := _TYPE.match(line):
                current.type = hit[1]
            if hit := _ATTRIBUTE.match(line):
                computed, optional, required = (hit[i] == "true" for i in (2, 3, 4))
                current.attributes[hit[1]] = Attribute(
                    computed, optional, required, _value(lines, at)
                )
            if "synthesizeHclAttributes() {" in line:
                target = current.entries
        if target is None:
            continue
        if hit := _ENTRY.match(line):
            entry = {"name": hit[1]}
        elif entry is not None:
            entry |= _entry_fields(line)
            if "storage" in entry:
                target[entry["name"]], entry = entry, None
        if line == "}":
            target = None
    return classes, structs


def _value(lines: list[str], at: int) -> str:
    """The initialiser or getter follows within five lines of the comment."""
    for line in lines[at + 1 : at + 6]:
        if _ATTRIBUTE.match(line):
            return ""
        if _VALUE.search(line):
            return line.strip()
    return ""


def _entry_fields(line: str) -> Json:
    text = line.strip().rstrip(",")
    if text.startswith("isBlock:"):
        return {"block": text.endswith("true")}
    for name, key in (("type:", "type"), ("storageClassType:", "storage")):
        if text.startswith(name):
            return {key: text.split('"')[1]}
    return {}


def _read_values(types: str) -> dict[tuple[str, str], list[str]]:
    values: dict[tuple[str, str], list[str]] = {}
    interface, comment = "", ""
    for line in types.split("\n"):
        if hit := re.match(r"^export interface (\w+)", line):
            interface = hit[1]
        elif line.strip().startswith("/**"):
            comment = line
        elif comment:
            comment += " " + line.strip().lstrip("*/ ")
            if line.strip().endswith("*/"):
                name = re.search(r"#(\w+) \w+#(\w+)\}", comment)
                listed = re.search(r"Possible values: \[([^\]]*)\]", comment)
                if name and listed and (known := re.findall(r'"([^"]*)"', listed[1])):
                    values[interface, name[2]] = known
                comment = ""
    return values


def _block(
    of: Class, entries: dict[str, Json], interface: str, module: Module, path: tuple[str, ...]
) -> Json:
    attributes, blocks = Json(), Json()
    for name, attribute in of.attributes.items():
        entry = entries.get(name)
        if not entry or not entry["block"]:
            attributes[name] = _attribute(name, attribute, entry, interface, module)
            continue
        suffix = {"list": "List", "set": "List", "map": "Map"}.get(entry["type"], "")
        base = entry["storage"].removesuffix(suffix)
        reference = module.classes.get(f"{base}OutputReference")
        if reference is None or base in path:
            continue  # two blocks of the provider itself, and what contains itself
        inner = module.structs.get(base[0].lower() + base[1:], {})
        mode = "single" if entry["type"] == "struct" else entry["type"]
        if attribute.computed and attribute.optional:
            types = {n: _type(a, inner.get(n), module) for n, a in reference.attributes.items()}
            whole = ["object", types] if mode == "single" else [mode, ["object", types]]
            attributes[name] = {"type": whole, "optional": True, "computed": True}
            continue
        blocks[name] = {
            "nesting_mode": mode,
            "block": _block(reference, inner, base, module, (*path, base)),
        }
        if mode != "single":
            blocks[name] |= {"min_items": 1} if attribute.required else {}
            blocks[name] |= {"max_items": 1} if "OutputReference(" in attribute.value else {}
    return {"attributes": attributes} | ({"block_types": blocks} if blocks else {})


def _attribute(
    name: str, of: Attribute, entry: Json | None, interface: str, module: Module
) -> Json:
    flags = {flag: True for flag in ("required", "optional", "computed") if getattr(of, flag)}
    known = module.values.get((interface, name))
    return {"type": _type(of, entry, module), **flags, **({"x_enum": known} if known else {})}


def _type(of: Attribute, entry: Json | None, module: Module) -> Any:
    stored = entry["storage"] if entry else ""
    if stored in _SIMPLE:
        return _SIMPLE[stored]
    if hit := _COLLECTION.match(stored):
        whole: Any = _SIMPLE[hit[1]]
        for part in reversed(re.findall("List|Map", hit[2])):
            whole = [part.lower(), whole]
        return ["set", whole[1]] if entry and entry["type"] == "set" else whole
    for getter, kind in _GETTERS.items():
        if getter in of.value:
            return kind
    outer = "set" if "Fn.tolist" in of.value else "list"
    if "getListAttribute" in of.value:
        return [outer, "string"]
    if "getNumberListAttribute" in of.value:
        return [outer, "number"]
    return _computed(of.value, module)


def _computed(value: str, module: Module) -> Any:
    """An object, or a list or map of them, that the service fills."""
    hit = re.search(r"new (?:\w+\.)?(\w+)\(this, \"\w+\"(?:, (true|false))?\)", value)
    if not hit or hit[1] not in module.classes:
        raise ValueError(f"unknown attribute type: {value[:90]}")
    base = re.sub(r"(List|OutputReference|Map)$", "", hit[1])
    reference = module.classes[f"{base}OutputReference"]
    whole = ["object", {n: _type(a, None, module) for n, a in reference.attributes.items()}]
    if hit[1].endswith("List"):
        return ["set" if hit[2] == "true" else "list", whole]
    return ["map", whole] if hit[1].endswith("Map") else whole


def _first_group(hit: re.Match[str] | None) -> str:
    return hit[1] if hit else ""


# The types that are used


def used(folder: Path) -> dict[tuple[str, str], str]:
    """The provider of each resource type and data source, by its block in the folder."""
    header = re.compile(
        r'^(resource|data) "(google_\w+)" "\w+" \{(\n  provider\s+= google-beta)?', re.M
    )
    kinds = {"resource": "resource_schemas", "data": "data_source_schemas"}
    return {
        (kinds[hit[1]], hit[2]): "hashicorp/google-beta" if hit[3] else "hashicorp/google"
        for file in sorted(folder.rglob("*.tf"))
        for hit in header.finditer(file.read_text(encoding="utf-8"))
    }


def subset(documents: list[Json], needed: dict[tuple[str, str], str]) -> Json:
    """The needed types of all documents. Raises `KeyError` for a type that none has."""
    providers = {n: p for each in documents for n, p in each["provider_schemas"].items()}
    kept: Json = {
        name: {"provider": p["provider"], "resource_schemas": {}, "data_source_schemas": {}}
        for name, p in providers.items()
    }
    for (kind, type_name), provider in needed.items():
        kept[provider][kind][type_name] = providers[provider][kind][type_name]
    origins = [origin for each in documents for origin in each["x_origin"]]
    return {"format_version": "1.0", "x_origin": origins, "provider_schemas": kept}


def text_of(document: Json) -> str:
    """Compact JSON with one type a line, so that an update can be reviewed."""

    def flat(thing: object) -> str:
        return json.dumps(thing, separators=(",", ":"), sort_keys=True)

    providers = []
    for name, provider in sorted(document["provider_schemas"].items()):
        parts = [f'"provider":{flat(provider["provider"])}']
        for kind in ("resource_schemas", "data_source_schemas"):
            types = ",".join(f"\n{flat(t)}:{flat(s)}" for t, s in sorted(provider[kind].items()))
            parts.append(f'"{kind}":{{{types}}}')
        providers.append(f"\n{flat(name)}:{{{','.join(parts)}}}")
    head = f'"format_version":"1.0","x_origin":{flat(document["x_origin"])}'
    return f'{{{head},"provider_schemas":{{{",".join(providers)}}}}}\n'


def main(wheels: list[str]) -> int:
    if len(wheels) != 2:
        sys.stderr.write(__doc__ or "")
        return 2
    read = [read_wheel(Path(each)) for each in sorted(wheels)]
    versions = {version for version, _ in read}
    if len(versions) != 1:
        sys.stderr.write(f"the wheels are of different versions: {sorted(versions)}\n")
        return 1
    needed = used(TERRAFORM)
    target = SCHEMAS / f"google-{versions.pop()}.json"
    target.write_text(text_of(subset([document for _, document in read], needed)), encoding="utf-8")
    sys.stdout.write(f"{target.name}: {len(needed)} types, {target.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
