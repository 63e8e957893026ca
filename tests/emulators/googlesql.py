"""Google's SQL analyzer (ZetaSQL, compiled to WebAssembly) with the product's tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import wasmtime
from zetasql import types
from zetasql.api import (
    Analyzer,
    CatalogBuilder,
    PreparedExpression,
    TypeFactory,
    Value,
)
from zetasql.core import wasm_client

from scripts import emulators
from tracking.parameters import PARAMETERS, ParameterType
from tracking.tables import Column, columns_of, layouts


class GoogleSql:
    """Analyzes statements with the tables and parameters of the product."""

    def __init__(self) -> None:
        """The first use compiles the analyzer for half a minute; the result is cached."""
        wasm_client.Config = _Cached
        self._language = types.LanguageOptions.maximum_features()
        self._language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
        self._functions = types.ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        self._options = types.AnalyzerOptions(
            language_options=self._language,
            query_parameters=[
                types.AnalyzerOptions.QueryParameter(name=name, type=_parameter_type(kind))
                for name, kind in PARAMETERS.items()
            ],
        )

    def analyze(self, sql: str, extra: Mapping[str, Sequence[Column]] | None = None) -> list[str]:
        """The kind of each statement; later statements know the temporary tables of earlier ones.

        Raises the analyzer's own error, with line and column.
        """
        tables = [_table(name, columns_of(name)) for name in layouts()]
        tables += [_table(name, columns) for name, columns in (extra or {}).items()]
        location = types.ParseResumeLocation(input=sql, byte_position=0)
        kinds = []
        while location.byte_position < len(sql.rstrip().encode()):
            statement: Any = Analyzer.analyze_next_statement_static(
                location, self._options, self._catalog(tables)
            )
            kinds.append(type(statement).__name__)
            if isinstance(statement, types.ResolvedCreateTableAsSelectStmt):
                tables.append(_created_table(statement))
        return kinds

    def _catalog(self, tables: Iterable[types.SimpleTable]) -> types.SimpleCatalog:
        made = CatalogBuilder("troupe").with_builtin_functions(self._functions)
        for table in tables:
            made.add_table(table)
        return made.build()


def evaluator(expression: str, column: str) -> Callable[[str], str]:
    """Compile an expression over one text, and return a function that evaluates it as BigQuery does."""
    wasm_client.Config = _Cached
    language = types.LanguageOptions.maximum_features()
    functions = types.ZetaSQLBuiltinFunctionOptions(language_options=language)
    catalog = CatalogBuilder("texts").with_builtin_functions(functions).build()
    prepared = PreparedExpression(
        expression, types.AnalyzerOptions(language_options=language), catalog
    )

    def evaluate(text: str) -> str:
        return str(prepared.execute(columns={column: Value.string(text)}).get_string())

    return evaluate


class _Cached(wasmtime.Config):
    """Caches compiled code in the emulators' folder."""

    def __init__(self) -> None:
        super().__init__()
        folder = emulators.FOLDER / "wasmtime"
        folder.mkdir(parents=True, exist_ok=True)
        file = emulators.FOLDER / "wasmtime.toml"
        file.write_text(f"[cache]\ndirectory = {str(folder)!r}\n", encoding="utf-8")
        self.cache = str(Path(file))


def _table(name: str, columns: Iterable[Column]) -> types.SimpleTable:
    made = [types.SimpleColumn(name=c.name, type=_column_type(c)) for c in columns]
    return types.SimpleTable(name=name, column=made)


def _created_table(statement: types.ResolvedCreateTableAsSelectStmt) -> types.SimpleTable:
    columns = [
        types.SimpleColumn(name=c.name, type=c.type) for c in statement.column_definition_list
    ]
    return types.SimpleTable(name=statement.name_path[-1], column=columns)


_KINDS = {
    "BOOL": types.TypeKind.TYPE_BOOL,
    "BOOLEAN": types.TypeKind.TYPE_BOOL,
    "DATE": types.TypeKind.TYPE_DATE,
    "FLOAT": types.TypeKind.TYPE_DOUBLE,
    "FLOAT64": types.TypeKind.TYPE_DOUBLE,
    "INT64": types.TypeKind.TYPE_INT64,
    "INTEGER": types.TypeKind.TYPE_INT64,
    "STRING": types.TypeKind.TYPE_STRING,
    "TIMESTAMP": types.TypeKind.TYPE_TIMESTAMP,
}


def _column_type(column: Column) -> types.Type:
    if column.type == "RECORD":
        base = TypeFactory.create_struct_type([(c.name, _column_type(c)) for c in column.fields])
    else:
        base = TypeFactory.create_simple_type(_KINDS[column.type])
    return TypeFactory.create_array_type(base) if column.mode == "REPEATED" else base


def _parameter_type(kind: ParameterType) -> types.Type:
    if isinstance(kind, list):
        return TypeFactory.create_array_type(_parameter_type(kind[0]))
    if isinstance(kind, dict):
        fields = [(name, _parameter_type(each)) for name, each in kind.items()]
        return TypeFactory.create_struct_type(fields)
    return TypeFactory.create_simple_type(_KINDS[kind])
