"""Unpacking: all or nothing, and nothing outside the folder."""

import io
import tarfile
import zipfile

import pytest

from clmr.corpora.archives import JoinedFiles, unpack

MOST = 10_000_000


def zipped(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def tarred(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def info(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def in_parts(path, n):
    content = path.read_bytes()
    size = -(-len(content) // n)
    parts = [path.with_name(f"{path.name}.{part + 1:03d}") for part in range(n)]
    for index, part in enumerate(parts):
        part.write_bytes(content[index * size : (index + 1) * size])
    return parts


MEMBERS = [("0/a-0-29.mp3", b"a" * 5_000), ("f/b-0-29.mp3", b"b" * 7_000), ("f/ü, 'x'.mp3", b"c" * 10)]


@pytest.mark.parametrize("n_parts", [1, 2, 3, 7])
def test_an_archive_in_parts_is_unpacked_as_one(tmp_path, n_parts):
    parts = in_parts(zipped(tmp_path / "mp3.zip", MEMBERS, zipfile.ZIP_DEFLATED), n_parts)
    unpack(parts, tmp_path / "mp3", MOST)
    found = {
        file.relative_to(tmp_path / "mp3").as_posix(): file.read_bytes() for file in (tmp_path / "mp3").rglob("*.*")
    }
    assert found == dict(MEMBERS)


def test_joined_files_read_as_their_joined_bytes(tmp_path):
    parts = [tmp_path / str(index) for index in range(4)]
    for part, content in zip(parts, (b"abc", b"", b"defgh", b"i"), strict=True):
        part.write_bytes(content)
    with io.BufferedReader(JoinedFiles(parts)) as joined:
        assert joined.read() == b"abcdefghi"
        joined.seek(-4, io.SEEK_END)
        assert joined.read(2) == b"fg"
        joined.seek(1)
        assert joined.read(4) == b"bcde"


def test_an_only_folder_of_the_same_name_is_not_repeated(tmp_path):
    unpack([zipped(tmp_path / "fma_small.zip", [("fma_small/000/000002.mp3", b"x")])], tmp_path / "fma_small", MOST)
    assert (tmp_path / "fma_small" / "000" / "000002.mp3").read_bytes() == b"x"
    tarred(tmp_path / "genres.tar.gz", [("genres/blues/blues.00000.wav", b"y"), ("readme", b"z")])
    unpack([tmp_path / "genres.tar.gz"], tmp_path / "genres", MOST)
    assert (tmp_path / "genres" / "genres" / "blues" / "blues.00000.wav").read_bytes() == b"y"


BAD_NAMES = {
    "/etc/passwd": "absolute path",
    "../outside": "leads outside",
    "a/../../outside": "leads outside",
    "C:/windows": "absolute path",
    "..\\outside": "absolute path, or one of another system",
}


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES.items())
def test_members_that_lead_outside_are_refused(tmp_path, name, reason):
    safe = ("0/a.mp3", b"a")
    for archive in (
        zipped(tmp_path / "x.zip", [safe, (name, b"evil")]),
        tarred(tmp_path / "x.tar.gz", [safe, (name, b"evil")]),
    ):
        with pytest.raises(ValueError, match=rf"{archive.name}: refused, since .*{reason}"):
            unpack([archive], tmp_path / "inner" / "x", MOST)
        assert not list((tmp_path / "inner").iterdir())


def test_links_and_devices_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    zipped(tmp_path / "x.zip", [(link, "/etc/passwd")])
    archives = [tmp_path / "x.zip"]
    for index, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
        archives.append(tarred(tmp_path / f"{index}.tar.gz", [(info("link", kind, "/etc/passwd"), b"")]))
    for archive in archives:
        with pytest.raises(ValueError, match="refused, since 'link' is a link or a device"):
            unpack([archive], tmp_path / "x", MOST)
        assert not (tmp_path / "x").exists()


def test_absurd_expansion_is_refused(tmp_path):
    bomb = zipped(tmp_path / "x.zip", [("zeros", bytes(5_000_000))], zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="'zeros' expands more than 200 times"):
        unpack([bomb], tmp_path / "x", MOST)
    for archive in (bomb, tarred(tmp_path / "x.tar.gz", [("zeros", bytes(5_000_000))])):
        with pytest.raises(ValueError, match=r"holds 5,000,000 bytes and more; at most 4,000,000 are due"):
            unpack([archive], tmp_path / "x", 4_000_000)
    assert not (tmp_path / "x").exists()


def test_a_member_that_occurs_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped(tmp_path / "x.zip", [("a", b"1"), ("a", b"2")])
    with pytest.raises(ValueError, match="'a' occurs twice"):
        unpack([twice], tmp_path / "x", MOST)


def damaged(path):
    content = bytearray(path.read_bytes())
    # Within the first member's content, which a zip protects by a checksum.
    content[60] ^= 255
    path.write_bytes(content)
    return path


def test_damaged_archives_are_named_and_leave_nothing(tmp_path):
    whole = zipped(tmp_path / "a.zip", MEMBERS).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "page.zip").write_bytes(b"<html>")
    tarred(tmp_path / "cut.tar.gz", MEMBERS)
    packed = (tmp_path / "cut.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(packed[: len(packed) // 2])
    for name in ("cut.zip", "page.zip", "cut.tar.gz"):
        with pytest.raises(ValueError, match=rf"{name}: cannot be unpacked .*; remove it, and it is fetched again"):
            unpack([tmp_path / name], tmp_path / "x", MOST)
    with pytest.raises(ValueError, match="a.zip: cannot be unpacked .*Bad CRC-32"):
        unpack([damaged(tmp_path / "a.zip")], tmp_path / "x", MOST)
    assert not list(tmp_path.glob("*x*/*"))


def test_what_an_interrupted_attempt_left_is_removed_first(tmp_path):
    (tmp_path / ".x.unpacking").mkdir()
    (tmp_path / ".x.unpacking" / "old").touch()
    unpack([zipped(tmp_path / "x.zip", MEMBERS)], tmp_path / "x", MOST)
    assert sorted(entry.name for entry in (tmp_path / "x").iterdir()) == ["0", "f"]
    assert not (tmp_path / ".x.unpacking").exists()
