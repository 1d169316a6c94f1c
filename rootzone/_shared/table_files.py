"""Tables on disk: checked against their schema when read, written whole with units and record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.provenance import METADATA_KEY, Provenance, write_sidecar
from rootzone._shared.seal import KEY, PLACE, check

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from rootzone._shared.tables import Schema

_IDS = ("site_id", "cell_id")
_TEXTS = ("network", "station", "sensor", "stratum", "flag", "source_flag", "day_kind")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a library says of a damaged table into one sentence with the file's name.

    Raises
    ------
    RequestError
        Whatever Polars, Arrow or the system raised inside.
    """
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError) as error:
        what = path.suffix[1:] or "a table"
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise RequestError(f"{path} cannot be read as {what}: {said}") from error


def read_frame(path: Path) -> pl.DataFrame:
    """Any Parquet or CSV file as a data frame, with nothing checked but that it can be read.

    CSV cells are typed by their whole column; a column with text among its numbers stays text.
    Identifiers and names stay as written: ``007`` and ``7`` are two sites, and a column of
    identifiers counts as integers only where nothing would be lost by it.

    Raises
    ------
    RequestError
        The file is missing, of another ending, or cannot be parsed.
    """
    import polars as pl

    if not path.exists():
        raise RequestError(not_there(path))
    if path.suffix not in {".parquet", ".csv"}:
        raise RequestError(f"{path} ends in {path.suffix!r}; tables end in .parquet or .csv.")
    check(path)
    with reading(path):
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        names = pl.read_csv(path, n_rows=0, infer_schema=False).columns
        as_text = {name: pl.String for name in names if name in (*_IDS, *_TEXTS)}
        frame = pl.read_csv(
            path, infer_schema_length=None, try_parse_dates=True, schema_overrides=as_text
        )
        return frame.with_columns(whole_ids(frame[name]) for name in names if name in _IDS)


def whole_ids(series: pl.Series) -> pl.Series:
    """Identifiers read as text, as integers where every one of them is written like one.

    Examples
    --------
    >>> import polars as pl
    >>> whole_ids(pl.Series(["7", "8"])).to_list(), whole_ids(pl.Series(["7", "007"])).to_list()
    ([7, 8], ['7', '007'])
    """
    import polars as pl

    numbers = series.cast(pl.Int64, strict=False)
    lossless = (numbers.cast(pl.String) == series) | series.is_null()
    return numbers if bool(lossless.fill_null(value=False).all()) else series


_MADE_BY = {
    "sites": "sites", "reserves": "sites", "soils": "soils", "textures": "soils",
    "stations": "stations", "profiles": "simulate", "predictions": "evaluate",
    "skill": "evaluate",
}  # fmt: skip


def not_there(path: Path) -> str:
    """What to say of a table that is missing; of one of a campaign, the verb that makes it.

    Examples
    --------
    >>> not_there(Path("a/sites/sites.parquet"))
    'a/sites/sites.parquet does not exist. Make it with: rootzone sites'
    >>> not_there(Path("mine.csv"))
    'mine.csv does not exist.'
    """
    verb = "forcing" if path.stem.startswith("weather_") else _MADE_BY.get(path.stem, "")
    inside = path.suffix == ".parquet" and path.parent.name not in ("", ".")
    made = f" Make it with: rootzone {verb}" if verb and inside else ""
    return f"{path} does not exist.{made}"


def read_table(path: Path, schema: Schema, required: Sequence[str] = ()) -> pl.DataFrame:
    """A table checked against its schema.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file.
    schema : Schema
        What its columns must be.
    required : sequence of str
        Optional columns that this reader cannot do without.

    Raises
    ------
    RequestError
        With every column that is missing, of the wrong type or in the wrong unit, and the file; or
        a row lies nowhere on Earth.
    """
    frame = read_frame(path)
    arrow_schema = _stored_schema(path) if path.suffix == ".parquet" else frame.to_arrow().schema
    problems = schema.problems(arrow_schema, required)
    if problems:
        raise RequestError(f"{path} is not a {schema.name} table: " + "; ".join(problems) + ".")
    refuse_impossible_places(frame, path)
    return frame


def scan_table(path: Path, schema: Schema) -> pl.LazyFrame:
    """A Parquet table checked against its schema, its rows not read yet.

    Raises
    ------
    RequestError
        As `read_table`.
    """
    import polars as pl
    import pyarrow as pa

    if not path.exists():
        raise RequestError(not_there(path))
    check(path)
    try:
        problems = schema.problems(_stored_schema(path))
    except (OSError, pa.ArrowException) as error:
        raise RequestError(f"{path} cannot be read as Parquet: {error}") from error
    if problems:
        raise RequestError(f"{path} is not a {schema.name} table: " + "; ".join(problems) + ".")
    return pl.scan_parquet(path)


def _stored_schema(path: Path) -> pa.Schema:
    import pyarrow.parquet as pq

    with reading(path):
        return pq.read_schema(path)


def arrow_schema_of(
    schema: Schema, names: Sequence[str], types: Sequence[pa.DataType], record: Provenance
) -> pa.Schema:
    """Arrow schema whose fields carry unit and meaning, and whose metadata carries the record.

    Columns that ``schema`` does not know get no unit.
    """
    import pyarrow as pa

    fields = []
    for name, dtype in zip(names, types, strict=True):
        column = schema.column(name)
        metadata = {"unit": column.unit, "description": column.meaning} if column else None
        fields.append(pa.field(name, dtype, metadata=metadata))
    return pa.schema(
        fields,
        metadata={METADATA_KEY: record.to_json(), b"table": schema.name.encode(), KEY: PLACE},
    )


def write_table(path: Path, frame: pl.DataFrame, schema: Schema, record: Provenance) -> None:
    """Write a table whole or not at all, with units, meanings and provenance.

    Parquet holds them in its metadata; beside a CSV file a sidecar holds the provenance.

    Raises
    ------
    RequestError
        The frame does not fit the schema, or the file's ending is neither .parquet nor .csv.
    """
    import pyarrow.parquet as pq

    table = frame.to_arrow(compat_level=_oldest_compat_level())
    problems = schema.problems(table.schema)
    if problems:
        raise RequestError(f"{path}: not a {schema.name} table: " + "; ".join(problems) + ".")
    if path.suffix == ".csv":
        with atomic_path(path) as temporary:
            frame.write_csv(temporary)
        write_sidecar(path, record)
    elif path.suffix == ".parquet":
        target = arrow_schema_of(schema, table.schema.names, table.schema.types, record)
        with atomic_path(path) as temporary:
            pq.write_table(
                table.cast(target), temporary, compression="zstd", write_page_checksum=True
            )
    else:
        raise RequestError(f"{path} ends in {path.suffix!r}; tables end in .parquet or .csv.")


def _oldest_compat_level() -> pl.CompatLevel:
    """Plain string and list types, which every Parquet reader knows."""
    import polars as pl

    return pl.CompatLevel.oldest()
