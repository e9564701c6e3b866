"""A small PDF writer with exact offsets: objects in, a file with a table or a stream of cross-references out."""

import zlib

ID = "<00112233445566778899AABBCCDDEEFF>"


def stream(data, extra="", pack=False):
    """A stream object's body."""
    if pack:
        data, extra = zlib.compress(data, 9), extra + " /Filter /FlateDecode"
    return b"<< /Length %d%s >>\nstream\n" % (len(data), (" " + extra.strip()).encode() if extra.strip() else b"") + data + b"\nendstream"


class Pdf:
    """Bytes written so far, and where each object of the current section begins."""

    def __init__(self, version="1.7", eol=b"\n", binary=True):
        self.eol = eol
        self.data = b"%PDF-" + version.encode() + eol + (b"%\xe2\xe3\xcf\xd3" + eol if binary else b"")
        self.offsets = {}
        self.packed = {}
        self.freed = {}
        self.size = 1

    def add(self, number, body, generation=0):
        """Writes `number generation obj`."""
        if isinstance(body, str):
            body = body.encode("latin-1")
        if self.eol != b"\n" and b"stream\n" not in body:
            body = body.replace(b"\n", self.eol)
        elif self.eol == b"\r\n":
            body = body.replace(b" >>\nstream\n", b" >>\r\nstream\r\n").replace(b"\nendstream", b"\r\nendstream")
        elif self.eol == b"\r":
            body = body.replace(b" >>\nstream\n", b" >>\rstream\n").replace(b"\nendstream", b"\rendstream")
        self.offsets[number] = (len(self.data), generation)
        self.data += b"%d %d obj" % (number, generation) + self.eol + body + self.eol + b"endobj" + self.eol
        self.size = max(self.size, number + 1)

    def pack(self, number, bodies, extra=""):
        """Writes an object stream `number` that holds `bodies` {number: text}."""
        head, text = "", ""
        for i, (n, body) in enumerate(bodies.items()):
            head += f"{n} {len(text)} "
            text += body + "\n"
            self.packed[n] = (number, i)
            self.size = max(self.size, n + 1)
        content = (head + text).encode("latin-1")
        self.add(number, stream(content, f"/Type /ObjStm /N {len(bodies)} /First {len(head)} {extra}", pack=True))

    def table(self, trailer="", root=1, ident=True, prev=None, size=None, startxref=None):
        """Ends the section with a cross-reference table."""
        start, eol = len(self.data), self.eol
        end = eol if len(eol) == 2 else b" " + eol
        entries = {} if prev is not None else {0: b"0000000000 65535 f" + end}
        entries |= {n: b"%010d %05d n" % o + end for n, o in self.offsets.items()}
        entries |= {n: b"0000000000 %05d f" % g + end for n, g in self.freed.items()}
        self.data += b"xref" + eol
        for first, run in runs(entries):
            self.data += b"%d %d" % (first, len(run)) + eol + b"".join(run)
        keys = f"/Size {size or self.size} /Root {root} 0 R"
        if prev is not None:
            keys += f" /Prev {prev}"
        if trailer:
            keys += " " + trailer
        if ident:
            keys += f" /ID [{ID} {ID}]"
        self.data += b"trailer" + eol + b"<< " + keys.encode() + b" >>" + eol
        return self.end(start if startxref is None else startxref, start)

    def xref_stream(self, number, extra="", root=1, ident=True, prev=None, predictor=True, only=None):
        """Ends the section with a cross-reference stream; with `only` writes it for these objects alone, unended."""
        start = len(self.data)
        entries = {} if prev is not None or only else {0: (0, 0, 65535)}
        entries |= {n: (1, o, g) for n, (o, g) in self.offsets.items() if not only or n in only}
        entries |= {n: (2, s, i) for n, (s, i) in self.packed.items()}
        entries[number] = (1, start, 0)
        self.size = max(self.size, number + 1)
        index, rows = [], []
        for first, run in runs(entries):
            index += [first, len(run)]
            rows += [bytes([t]) + a.to_bytes(4, "big") + b.to_bytes(2, "big") for t, a, b in run]
        keys = f"/Type /XRef /Size {self.size} /W [1 4 2] /Index [{' '.join(map(str, index))}] /Root {root} 0 R"
        if prev is not None:
            keys += f" /Prev {prev}"
        if ident:
            keys += f" /ID [{ID} {ID}]"
        if predictor:
            keys += " /DecodeParms << /Predictor 12 /Columns 7 >>"
            above = bytes(7)
            for i, row in enumerate(rows):
                rows[i], above = b"\2" + bytes((a - b) & 255 for a, b in zip(row, above)), row
        self.add(number, stream(b"".join(rows), f"{keys} {extra}", pack=True))
        return start if only else self.end(start, start)

    def end(self, named, start):
        self.data += b"startxref" + self.eol + b"%d" % named + self.eol + b"%%EOF" + self.eol
        self.offsets, self.packed, self.freed = {}, {}, {}
        return start


def runs(entries):
    """Consecutive numbers as (first, [entry…])."""
    out = []
    for n in sorted(entries):
        if out and out[-1][0] + len(out[-1][1]) == n:
            out[-1][1].append(entries[n])
        else:
            out.append((n, [entries[n]]))
    return out
