"""What a campaign, a catalog or a data folder from a stranger cannot do; see docs/strangers.md."""

from __future__ import annotations

import gzip
import json
import re
import socket
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rootzone._cli import cli
from rootzone._shared.addresses import secrets_hidden, without_secrets, wrong_address
from rootzone._shared.errors import RequestError
from rootzone._shared.inside import leaves_its_folder, path_inside
from rootzone._shared.machine import Allowed, allowed_here
from rootzone._shared.open_files import open_raster, read_geojson
from rootzone._shared.unpack import unpacked

PACKAGE = Path(__file__).resolve().parents[1] / "rootzone"
SMALL = "name: x\nregion: {bounds_lonlat_deg: [-105.7, 40.2, -105.6, 40.3]}\nyears: [2023]\n"
CATALOG = """\
catalog: theirs
sources:
  theirs: {{title: x, reader: raster, kind: continuous, path: {path}, url: "{url}"}}
"""


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def refusal(result: Result) -> str:
    """Message of an error of ours; anything else is a traceback and fails here."""
    assert isinstance(result.exception, RequestError), (result.exception, result.output)
    return str(result.exception)


def campaign_with_catalog(folder: Path, path: str, url: str = "http://127.0.0.1:9/a") -> Path:
    file = folder / "campaign.yaml"
    file.write_text(SMALL + "catalog: {files: [cat.yaml], elevation: theirs}\n")
    (folder / "cat.yaml").write_text(CATALOG.format(path=json.dumps(path), url=url))
    return file


# Names


@pytest.mark.parametrize(
    "name",
    ["../a", "a/../../b", "/etc/cron.d/x", "..\\a", "C:\\a", "~/x", "a\nb", "", " ", "x" * 300],
)
def test_a_name_that_leaves_its_folder_is_no_path(name: str, tmp_path: Path) -> None:
    assert leaves_its_folder(name) is not None
    with pytest.raises(RequestError, match="Nothing was written"):
        path_inside(tmp_path, name, "The path of x")


def test_a_link_below_the_folder_cannot_lead_outside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "data", tmp_path / "home"
    inside.mkdir()
    outside.mkdir()
    (inside / "nlcd").symlink_to(outside)
    with pytest.raises(RequestError, match="through a link"):
        path_inside(inside, "nlcd/a.tif", "The path of nlcd")
    (tmp_path / "data2").symlink_to(inside)  # the folder itself may be a link
    assert path_inside(tmp_path / "data2", "b.tif", "x") == tmp_path / "data2" / "b.tif"


@pytest.mark.parametrize("path", ["../../authorized_keys", "/nowhere/x.pth", "./../outside.sh"])
def test_a_catalog_cannot_write_outside_the_data_folder(tmp_path: Path, path: str) -> None:
    file = campaign_with_catalog(tmp_path, path)
    for verb in ("check", "fetch", "sites"):
        told = refusal(call(verb, file))
        assert "cat.yaml:3" in told
        assert path in told


def test_an_archive_member_is_a_plain_file_name(tmp_path: Path) -> None:
    file = campaign_with_catalog(tmp_path, "a.tif")
    text = (tmp_path / "cat.yaml").read_text().replace("title: x", "title: x, archive_member: a/b")
    (tmp_path / "cat.yaml").write_text(text)
    assert "archive_member" in refusal(call("check", file))


# Addresses


def test_only_hosts_of_the_packed_catalog_and_of_the_user_are_asked() -> None:
    none, own = Allowed(), Allowed(hosts=("data.example.org", "*.lab.example"))
    assert wrong_address("https://prd-tnm.s3.amazonaws.com/x/{tile}.tif", none) is None
    assert "--allow-host 169.254.169.254" in str(
        wrong_address("http://169.254.169.254/latest/meta-data", own)
    )
    assert wrong_address("https://data.example.org/a", own) is None
    assert wrong_address("https://deep.in.lab.example/a", own) is None
    assert wrong_address("https://lab.example.evil.org/a", own) is not None
    assert "no http" in str(wrong_address("file:///etc/passwd", own))


def test_a_host_of_a_strangers_catalog_is_refused_by_check_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOTZONE_ALLOW_HOSTS", "")
    file = campaign_with_catalog(tmp_path, "a.tif", "http://10.0.0.7/a.tif")
    told = refusal(call("check", file))
    assert "cat.yaml:3: sources.theirs.url" in told
    assert "--allow-host 10.0.0.7" in told
    monkeypatch.setenv("ROOTZONE_ALLOW_HOSTS", "10.0.0.7")
    assert call("check", file).exit_code == 0


def test_a_password_is_refused_and_shown_nowhere(tmp_path: Path) -> None:
    file = campaign_with_catalog(tmp_path, "a.tif", "http://me:s3cret@127.0.0.1:9/a.tif")
    only = ("--only", "theirs")
    for words in (("check", file), ("fetch", file, "--dry-run", *only), ("fetch", file, *only)):
        result = call(*words)
        assert "s3cret" not in result.output + str(result.exception)
    assert "~/.netrc" in refusal(call("check", file))
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())


def test_secrets_in_addresses_are_hidden() -> None:
    # By hand: the user goes, the token's value goes, the year stays.
    url = "https://me:pw@h.org/a?X-Amz-Signature=abc&year=2023"
    assert without_secrets(url) == "https://h.org/a?X-Amz-Signature=...&year=2023"
    assert secrets_hidden(f"cannot reach {url}: no") == (
        "cannot reach https://h.org/a?X-Amz-Signature=...&year=2023: no"
    )


@pytest.mark.parametrize(
    ("host", "told"), [("127.0.0.2", "own network"), ("rebound.example", "turned out to be 127")]
)
def test_a_redirect_to_a_private_address_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, told: str
) -> None:
    # The second name is public when it is looked up, and this machine when it is connected to.
    pytest.importorskip("requests")
    import http.server
    import threading

    from rootzone.covariates.fetch.run_transfer import Patience, download, open_session

    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://{host}:{self.server.server_address[1]}/meta")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # noqa: S104
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answers = iter(["93.184.215.14"])
    real = socket.getaddrinfo

    def looked_up(name: str, *more: object, **options: object) -> object:
        name = next(answers, "127.0.0.1") if name == "rebound.example" else name
        return real(name, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    url = f"http://127.0.0.1:{server.server_address[1]}/a.bin"  # 127.0.0.1 is allowed in tests
    with open_session() as session, pytest.raises(RequestError, match=told):
        download(session, url, tmp_path / "a.bin", Patience(1), sleep=lambda s: None)
    server.shutdown()
    server.server_close()
    assert asked == ["/a.bin"]
    assert not (tmp_path / "a.bin").exists()


def test_settings_are_read_from_the_users_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOTZONE_SETTINGS", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("ROOTZONE_ALLOW_HOSTS", "a.org, B.org")
    (tmp_path / "settings.yaml").write_text("hosts: [c.org]\nprograms: ['x  Models']\n")
    allowed = allowed_here()
    assert allowed.hosts == ("c.org", "a.org", "b.org")
    assert allowed.program("x Models")
    assert not allowed.program("x")
    (tmp_path / "settings.yaml").write_text("host: [c.org]\n")
    with pytest.raises(RequestError, match="did you mean hosts"):
        allowed_here()


# Programs


@pytest.fixture
def apsim_campaign(tmp_path: Path) -> tuple[Path, Path]:
    """A campaign whose engine is a command that leaves a mark, and where that mark would be."""
    from tests.jobs.synthetic import make_campaign

    file, mark = make_campaign(tmp_path / "c"), tmp_path / "RAN"
    text = file.read_text().replace("engine:\n  spin_up_days: 30\n", "")
    command = f"sh -c 'touch {mark}'"
    engine = f"engine: {{name: apsim, physics: swim3, stepping: apsim, spin_up_days: 0, " \
             f"apsim_models: {json.dumps(command)}}}\n"  # fmt: skip
    file.write_text(text + engine)
    return file, mark


def test_no_verb_starts_a_program_that_a_campaign_names(
    apsim_campaign: tuple[Path, Path],
) -> None:
    file, mark = apsim_campaign
    for words in (
        ("check", file),
        ("status", file),
        ("plan", file),
        ("report", file),
        ("submit", file, "--slurm", "--dry-run"),
        ("quarantine", "list", file),
        ("labels", file),
        ("simulate", file),
    ):
        result = call(*words)
        assert not mark.exists(), words
        assert result.exception is None or isinstance(result.exception, RequestError | SystemExit)
    assert "--allow-program" in refusal(call("check", file))
    assert "--allow-program" in refusal(call("simulate", file))


def test_simulate_starts_it_once_the_user_allows_it(
    apsim_campaign: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, mark = apsim_campaign
    monkeypatch.setenv("ROOTZONE_ALLOW_PROGRAM", "")
    call("simulate", file, "--allow-program", f"sh -c 'touch {mark}'", "--executor", "threads")
    assert mark.exists()


def test_engine_settings_of_a_campaign_choose_no_program_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "campaign.yaml"
    engine = "engine: {name: apsim, physics: swim3, stepping: apsim, apsim_models: sh, settings: "
    file.write_text(SMALL + engine + "{models: sh -c x, scratch: /var/lib}}\n")
    told = refusal(call("check", file))
    assert "'sh -c x'" in told
    assert "scratch: /var/lib" in told
    monkeypatch.setenv("ROOTZONE_ALLOW_FOLDERS", "/var/lib")
    told = refusal(call("check", file))
    assert "'sh -c x'" in told
    assert "scratch" not in told


# Formats


VRT = (
    '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1"'
    ' subClass="VRTRawRasterBand"><SourceFilename relativetoVRT="0">/etc/passwd</SourceFilename>'
    "</VRTRasterBand></VRTDataset>"
)


@pytest.mark.parametrize("name", ["x.vrt", "x.tif", "x.img", "x.nc", "x.png", "x.wms", "x"])
def test_a_recipe_under_any_name_is_not_opened(tmp_path: Path, name: str) -> None:
    from rasterio.errors import RasterioIOError

    (tmp_path / name).write_text(VRT)
    with pytest.raises(RasterioIOError):
        open_raster(tmp_path / name)
    assert call("catalog", "check", tmp_path / name).exit_code != 0


def test_gdal_has_no_way_to_the_network(tmp_path: Path) -> None:
    # A GeoTIFF's sidecar may name an overview elsewhere; GDAL is told that nothing is remote.
    import http.server
    import threading

    import rasterio

    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    far = f"/vsicurl/http://127.0.0.1:{server.server_address[1]}/o.tif"
    path = tmp_path / "a.tif"
    values = np.ones((64, 64), np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=64, height=64, count=1, dtype="uint8",
        transform=rasterio.transform.from_origin(0, 1, 0.01, 0.01), crs="EPSG:4326",
    ) as file:  # fmt: skip
        file.write(values, 1)
    (tmp_path / "a.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">'
        f"{far}</MDI></Metadata></PAMDataset>"
    )
    with open_raster(path) as data:
        assert (data.read(1, out_shape=(16, 16)) == 1).all()
    server.shutdown()
    server.server_close()
    assert asked == []


@pytest.mark.parametrize(
    "text",
    [
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/http://127.0.0.1/a</"
        "SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}',
        '{"type": "FeatureCollection", "features": [{}]}',
        '{"type": "FeatureCollection", "features": 3}',
        "[" * 100_000,
        "nothing",
    ],
)
def test_an_outline_is_geojson_or_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "region.json").write_text(text)
    (tmp_path / "campaign.yaml").write_text(
        "name: x\nregion: {polygon_file: region.json}\nyears: [2023]\n"
    )
    for verb in ("check", "forcing"):
        assert "region.json" in refusal(call(verb, tmp_path / "campaign.yaml"))


@pytest.mark.parametrize("name", ["region.gpkg", "region.shp"])
def test_an_outline_of_another_kind_than_its_ending_is_not_opened(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("<OGRVRTDataSource></OGRVRTDataSource>")
    (tmp_path / "campaign.yaml").write_text(
        f"name: x\nregion: {{polygon_file: {name}}}\nyears: [2023]\n"
    )
    assert "first bytes" in refusal(call("check", tmp_path / "campaign.yaml"))


def test_a_geojson_file_may_name_its_coordinate_system(tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26913"}}
    (tmp_path / "a.json").write_text(json.dumps({**square, "crs": crs}))
    shapes, named = read_geojson(tmp_path / "a.json")
    assert shapes[0].area == 0.5  # half the unit square
    assert named == "urn:ogc:def:crs:EPSG::26913"
    (tmp_path / "b.json").write_text(json.dumps({**square, "crs": {"type": "link"}}))
    with pytest.raises(RequestError, match="link"):
        read_geojson(tmp_path / "b.json")


def test_every_reader_opens_files_in_the_one_place() -> None:
    direct = re.compile(r"(?:rasterio\.open|netCDF4\.Dataset)\((?![^)\n]*\"w\")")
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "open_files.py"
        for line in path.read_text().splitlines()
        if direct.search(line)
    ]
    assert found == []


# What unpacks


def test_a_gzip_file_that_swells_is_left(tmp_path: Path) -> None:
    # 64 MB of zeros pack to about 64 kB, a thousandfold.
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20), 9))
    with pytest.raises(RequestError, match="no table of stations does"):
        unpacked(path)
    path.write_bytes(gzip.compress(b"a,b\n1,2\n" * 1000)[:-20])
    with pytest.raises(RequestError, match="cannot be unpacked"):
        unpacked(path)


def test_an_ismn_archive_that_swells_has_no_good_member(tmp_path: Path) -> None:
    from rootzone.stations.readers.read_ismn import read_ismn

    name = "NET/One/NET_NET_One_sm_0.203200_0.203200_Probe-X_20200101_20201231.stm"
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(64 << 20))
        archive.writestr("../../" + name, "x")
    assert read_ismn(tmp_path / "a.zip").series == []


def test_a_database_with_a_view_is_not_read(tmp_path: Path) -> None:
    from rootzone.covariates.read_unsoda_db import read_unsoda_table

    path = tmp_path / "unsoda.sqlite"
    database = sqlite3.connect(path)
    database.execute(
        'CREATE VIEW "lab_drying_h-t" AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 '
        "FROM c) SELECT 1 code, 1 preshead, x theta FROM c"
    )
    database.commit()
    database.close()
    with pytest.raises(RequestError, match="views or triggers"):
        read_unsoda_table(path, "retention")


def test_the_page_tells_the_limits_that_act() -> None:
    from rootzone._shared import safe_yaml, unpack
    from rootzone.covariates.fetch import read_archive

    page = " ".join((PACKAGE.parent / "docs" / "strangers.md").read_text().split())
    assert (
        f"ISMN archives stop at {unpack.MAX_TEXT_RATIO} times (above 16 MiB) and at "
        f"{unpack.MAX_TEXT_BYTES >> 20} MiB a file, rasters in zip archives at "
        f"{read_archive.MAX_RATIO} times and {read_archive.MAX_BYTES >> 30} GiB."
    ) in page
    assert (
        f"YAML files stop at {safe_yaml.MAX_BYTES >> 10} KiB, {safe_yaml.MAX_VALUES:,} values, "
        f"{safe_yaml.MAX_ALIASES} aliases and {safe_yaml.MAX_DEPTH} levels."
    ) in page


def test_a_checkpoint_runs_nothing_when_it_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from rootzone.networks.checkpoints import load_checkpoint

    class Mark:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "RAN",)

    torch.save({"identity": "{}", "format": 1, "state": Mark()}, tmp_path / "a.pt")
    with pytest.raises(RequestError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "a.pt", {})
    assert not (tmp_path / "RAN").exists()


# Campaign files that were tracebacks


@pytest.mark.parametrize(
    ("tail", "named"),
    [
        ("maps: {dates: [2023-02-30]}\n", ":4:16: 2023-02-30"),
        ("maps: {dates: [0000-01-01]}\n", ":4:16: 0000-01-01"),
        ("maps: {dates: [2023-02-03T10:00:00+99:99]}\n", ":4:16: 2023-02-03T10"),
        ("a: &a\n  b: *a\n", "*a stands inside &a"),
        ("a: &a {<<: *a}\n", "*a stands inside &a"),
        ("jobs: {sites_per_shard: 0x_}\n", ":4:25: 0x_"),
        ("jobs: {sites_per_shard: 0b_}\n", ":4:25: 0b_"),
        ("jobs: {sites_per_shard: !!int abc}\n", ":4:25: abc"),
        ("seeds: {sites: " + "9" * 5000 + "}\n", "999..."),
        ("labels: {stations: [" + "a" * 5000 + "]}\n", "labels.stations[0]"),
        ("engine: {name: apsim, physics: swim3, stepping: apsim, apsim_models: ' '}\n", "command"),
        ('engine: {name: apsim, physics: swim3, stepping: apsim, apsim_models: "\'"}\n', "command"),
        ("grid: {crs: 'EPSG:99999999'}\n", "grid.crs"),
        ("grid: {crs: 'EPSG:4326'}\n", "counts in degree"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, tail: str, named: str) -> None:
    (tmp_path / "campaign.yaml").write_text(SMALL + tail)
    assert named in refusal(call("check", tmp_path / "campaign.yaml"))


@pytest.mark.parametrize("place", ["Atlantis", '"\\ud800"'])
def test_a_place_nobody_knows_is_told_by_check(tmp_path: Path, place: str) -> None:
    (tmp_path / "campaign.yaml").write_text(f"name: x\nregion: {{place: {place}}}\nyears: [2023]\n")
    told = refusal(call("check", tmp_path / "campaign.yaml"))
    assert "place" in told


def test_a_campaign_of_megabytes_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "campaign.yaml").write_text(SMALL + "x: [" + "1, " * 200_000 + "]\n")
    assert "at most 262144" in refusal(call("check", tmp_path / "campaign.yaml"))
    (tmp_path / "campaign.yaml").write_text(SMALL + "x: [" + "1, " * 30_000 + "]\n")
    assert "more than 20000 values" in refusal(call("check", tmp_path / "campaign.yaml"))


# Scripts and pages


@pytest.mark.parametrize("key", ["partition", "account", "campaign_file", "log_folder", "name"])
def test_a_line_end_cannot_become_a_command_of_the_batch_script(key: str) -> None:
    from dataclasses import replace

    from rootzone.jobs.driver.slurm import ArrayRequest, sbatch_text

    request = ArrayRequest("/c/campaign.yaml", "x", 1, 1, 10, 1000, "/c/logs")
    with pytest.raises(RequestError, match="run as a command"):
        sbatch_text(replace(request, **{key: "p\ntouch /tmp/x\n#"}))


def test_a_name_cannot_end_the_script_of_the_report() -> None:
    from rootzone.report.document import Maps

    text = Maps({"station": "<!--<script>"}).json
    assert "<" not in text
    assert json.loads(text) == {"station": "<!--<script>"}


def test_a_site_whose_name_looks_like_a_formula_is_drawn(tmp_path: Path) -> None:
    table = tmp_path / "textures.csv"
    name = r"Creek $x_$ 5% $\frac$"
    table.write_text(
        "site_id,cell_id,top_mm,bottom_mm,sand_pct,silt_pct,clay_pct\n"
        f"{name},1,0,300,40,40,20\n{name},1,300,900,30,40,30\n"
    )
    done = call("soils", table, "--out", tmp_path / "s.parquet",
                "--figure", tmp_path / "s.png")  # fmt: skip
    assert done.exit_code == 0, done.output + str(done.exception)
    assert (tmp_path / "s.png").stat().st_size > 0
