"""Small files that would cost a decoder without a budget minutes or gigabytes, made byte by byte."""

import io
import struct

import av

from tests.support.decoders import encode_tone

MILLIONS = 2_000_000


def repeated_chunks(*, offsets: int, samples: int) -> bytes:
    """An MP4 with so many chunks at one place, each of so many samples: 4 bytes name thousands of packets."""
    movie = encode_tone("mp4", "aac").replace(b"edts", b"free")  # its edit list ends after a second
    start = movie.index(b"mdat") + 4
    table = {
        b"stts": struct.pack(">IIII", 0, 1, offsets * samples, 1024),
        b"stsc": struct.pack(">IIIII", 0, 1, 1, samples, 1),
        b"stsz": struct.pack(">III", 0, 1, offsets * samples),
        b"stco": struct.pack(">II", 0, offsets) + struct.pack(">I", start) * offsets,
    }
    for name, content in table.items():
        movie = _with_box(movie, name, content)
    return movie


def _with_box(movie: bytes, name: bytes, content: bytes) -> bytes:
    """Put another content into the box of the sample table, and the new lengths into all boxes around it."""
    begin = movie.index(name) - 4
    length = int.from_bytes(movie[begin : begin + 4])
    box = struct.pack(">I", len(content) + 8) + name + content
    movie = movie[:begin] + box + movie[begin + length :]
    for around in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = movie.index(around) - 4
        longer = int.from_bytes(movie[place : place + 4]) + len(box) - length
        movie = movie[:place] + struct.pack(">I", longer) + movie[place + 4 :]
    return movie


def amr_without_data(frames: int = MILLIONS) -> bytes:
    """AMR of frames of one byte in which a phone says that it sends nothing."""
    return b"#!AMR\n" + b"\x7c" * frames


def matroska_of_tiny_blocks(blocks: int = MILLIONS // 2) -> bytes:
    """A Matroska file whose blocks hold one byte each, which is no AAC."""
    sound = _element(b"\xe1", _element(b"\xb5", struct.pack(">f", 16_000.0)) + _element(b"\x9f", b"\x01"))
    codec = _element(b"\x86", b"A_AAC") + _element(b"\x63\xa2", b"\x14\x08")
    number = _element(b"\xd7", b"\x01") + _element(b"\x73\xc5", b"\x01") + _element(b"\x83", b"\x02")
    tracks = _element(b"\x16\x54\xae\x6b", _element(b"\xae", number + codec + sound))
    block = b"\xa3\x85\x81\x00\x00\x00\x00"
    cluster = _element(b"\x1f\x43\xb6\x75", _element(b"\xe7", b"\x00") + block * blocks)
    scale = _element(b"\x15\x49\xa9\x66", _element(b"\x2a\xd7\xb1", b"\x0f\x42\x40"))
    head = _element(b"\x1a\x45\xdf\xa3", _element(b"\x42\x82", b"matroska"))
    return head + _element(b"\x18\x53\x80\x67", scale + tracks + cluster)


def _element(identifier: bytes, content: bytes) -> bytes:
    """An EBML element, its length in eight bytes."""
    return identifier + struct.pack(">Q", 1 << 56 | len(content)) + content


def adts_of_tiny_frames(frames: int = MILLIONS // 2) -> bytes:
    """AAC at 16 kHz, mono, in ADTS frames of 8 bytes, of which 7 are the header."""
    return b"\xff\xf1\x60\x40\x01\x1f\xfc\x00" * frames


def movie_of_streams(streams: int) -> bytes:
    """An MP4 whose one track is there so many times."""
    movie = encode_tone("mp4", "aac")
    moov, track = movie.index(b"moov") - 4, movie.index(b"trak") - 4
    length = int.from_bytes(movie[track : track + 4])
    longer = int.from_bytes(movie[moov : moov + 4]) + (streams - 1) * length
    tracks = movie[track : track + length] * streams
    return (
        movie[:moov] + struct.pack(">I", longer) + movie[moov + 4 : track] + tracks + movie[track + length :]
    )


def sound_behind_another(other_codec: str, *, garbage: bool = False) -> bytes:
    """Matroska whose second stream is a second of Opus; the first, of two seconds, may be garbage."""
    output = io.BytesIO()
    source = io.BytesIO(encode_tone("matroska", "libopus", rate=48_000))
    other = io.BytesIO(encode_tone("matroska", other_codec, rate=48_000, seconds=2.0))
    with (
        av.open(source, "r") as last,
        av.open(other, "r") as before,
        av.open(output, "w", "matroska") as muxer,
    ):
        first = muxer.add_stream_from_template(before.streams.audio[0])
        second = muxer.add_stream_from_template(last.streams.audio[0])
        for stream, container in ((first, before), (second, last)):
            for packet in container.demux(audio=0):
                if packet.dts is None:
                    continue
                sent = av.Packet(bytes(40)) if garbage and stream is first else packet
                sent.pts, sent.dts, sent.time_base = packet.pts, packet.dts, packet.time_base
                sent.stream = stream
                muxer.mux(sent)
    return output.getvalue()
