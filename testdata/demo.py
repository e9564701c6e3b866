"""The documents that `eseal demo` signs: six short ones, each of another structure."""

from writer import Pdf, stream

WIDTHS = {
    "R": "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 "
    "667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 "
    "556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584",
    "B": "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 975 "
    "722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 "
    "556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584",
}
WIDTHS = {font: list(map(int, line.split())) for font, line in WIDTHS.items()}
FONTS = ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
         "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
INK, GREY = (0.13, 0.16, 0.2), (0.42, 0.46, 0.5)


def width(text, font, size):
    return sum(WIDTHS[font][ord(c) - 32] if 32 <= ord(c) < 127 else 556 for c in text) * size / 1000


class Page:
    """A page's drawing operators. Origin below left, points."""

    def __init__(self, wide=595, high=842):
        self.wide, self.high, self.ops, self.y = wide, high, [], high - 72

    def text(self, x, y, text, size=10, font="R", colour=INK, align="left"):
        x -= {"left": 0, "right": 1, "centre": 0.5}[align] * width(text, font, size)
        for c in "\\()":
            text = text.replace(c, "\\" + c)
        r, g, b = colour
        self.ops.append(f"BT {r:g} {g:g} {b:g} rg /{font} {size:g} Tf {x:.2f} {y:.2f} Td ({text}) Tj ET")

    def paragraph(self, text, x=72, wide=451, size=10, lead=15, font="R", colour=INK):
        line = ""
        for word in text.split() + [None]:
            if word is None or width(f"{line} {word}", font, size) > wide:
                self.text(x, self.y, line.strip(), size, font, colour)
                self.y, line = self.y - lead, ""
            line = f"{line} {word}"
        self.y -= lead * 0.5

    def box(self, x, y, wide, high, colour):
        self.ops.append("{:g} {:g} {:g} rg {:g} {:g} {:g} {:g} re f".format(*colour, x, y, wide, high))

    def frame(self, x, y, wide, high, colour, thick=1.0):
        self.ops.append("{:g} {:g} {:g} RG {:g} w {:g} {:g} {:g} {:g} re S".format(*colour, thick, x, y, wide, high))

    def line(self, x1, y1, x2, y2, colour=GREY, thick=0.6):
        self.ops.append("{:g} {:g} {:g} RG {:g} w {:g} {:g} m {:g} {:g} l S".format(*colour, thick, x1, y1, x2, y2))

    def content(self):
        return "\n".join(self.ops).encode("latin-1")


def objects(pages, pack, title):
    """Catalog 1, pages 2, fonts 3 and 4, Info 5, then page and content in turn from 6."""
    kids = [6 + 2 * i for i in range(len(pages))]
    out = {
        1: "<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        2: f"<< /Type /Pages /Kids [{' '.join(f'{k} 0 R' for k in kids)}] /Count {len(kids)} >>",
        3: FONTS[0],
        4: FONTS[1],
        5: f"<< /Title ({title}) /Producer (testdata/make.py) /CreationDate (D:20260102030405Z) >>",
    }
    for k, page in zip(kids, pages):
        out[k] = (f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.wide} {page.high}] "
                  f"/Resources << /Font << /R 3 0 R /B 4 0 R >> >> /Contents {k + 1} 0 R >>")
        out[k + 1] = stream(page.content(), pack=pack)
    return out


def plain(pages, title, eol=b"\n", pack=False, version="1.7"):
    pdf = Pdf(version, eol)
    for n, body in objects(pages, pack, title).items():
        pdf.add(n, body)
    pdf.table("/Info 5 0 R")
    return pdf.data


def compact(pages, title):
    pdf, inside = Pdf(), {}
    for n, body in objects(pages, True, title).items():
        if isinstance(body, bytes):
            pdf.add(n, body)
        else:
            inside[n] = body
    pdf.pack(pdf.size + 1, inside)
    pdf.xref_stream(pdf.size, "/Info 5 0 R")
    return pdf.data


# --- the documents ----------------------------------------------------------------------------------


def contract():
    """Two pages, a table of cross-references, LF."""
    one, two = Page(), Page()
    blue = (0.1, 0.25, 0.5)
    one.box(0, 800, 595, 42, blue)
    one.text(72, 815, "SERVICE AGREEMENT", 14, "B", (1, 1, 1))
    one.text(523, 815, "No. 2026/014", 10, "R", (1, 1, 1), "right")
    one.y = 760
    one.paragraph("between Northwind Archive Ltd., 12 Harbour Street (the Archive), and Birch & Daughters, "
                  "4 Mill Lane (the Customer), concluded on 2 January 2026.")
    for n, (head, body) in enumerate((
        ("Subject", "The Archive keeps the Customer's records, on paper and as files, and gives them out again within two working days of a written request."),
        ("Handing over", "Records are handed over in sealed boxes with a list. The list is signed by both sides; each keeps a copy. What is not on the list has not been handed over."),
        ("Care", "The Archive keeps the records dry, between 14 and 18 degrees, and lets nobody read them but the people named in the annex."),
        ("Price", "The Customer pays 4.20 a month for each box begun, and 0.35 for each page that is copied. Prices change once a year at most, with three months' notice."),
        ("Term", "This agreement runs for five years. It goes on from year to year unless one side ends it in writing three months before."),
    ), 1):
        one.y -= 6
        one.text(72, one.y, f"{n}.  {head}", 11, "B", blue)
        one.y -= 18
        one.paragraph(body)
    two.text(72, 770, "Annex: who may read", 12, "B", blue)
    for i, (name, what) in enumerate((("Ida Birch", "all records"), ("Marta Birch", "all records"), ("Tom Hale, accountant", "series C and D"))):
        two.text(72, 740 - 22 * i, name)
        two.text(300, 740 - 22 * i, what)
        two.line(72, 733 - 22 * i, 523, 733 - 22 * i)
    for x, who in ((72, "For the Archive"), (320, "For the Customer")):
        two.line(x, 560, x + 200, 560, INK)
        two.text(x, 546, who, 9, "R", GREY)
    for i, page in enumerate((one, two), 1):
        page.text(297, 40, f"{i} / 2", 9, "R", GREY, "centre")
    return plain([one, two], "Service agreement 2026/014")


def invoice():
    """Cross-reference stream, the rest in an object stream."""
    p = Page()
    green = (0.05, 0.4, 0.3)
    p.text(72, 770, "INVOICE", 26, "B", green)
    p.text(523, 780, "Juniper Print Works", 11, "B", INK, "right")
    p.text(523, 765, "7 Type Square, VAT LV00000000000", 9, "R", GREY, "right")
    p.text(72, 725, "Invoice 10482   2 January 2026   due 1 February 2026", 9, "R", GREY)
    p.box(72, 676, 451, 22, green)
    for x, head, align in ((80, "Item", "left"), (340, "Quantity", "right"), (430, "Each", "right"), (515, "Sum", "right")):
        p.text(x, 683, head, 9, "B", (1, 1, 1), align)
    total = 0
    rows = (("Catalogue, 48 pages, sewn", 250, 640), ("Catalogue, cover in linen", 25, 1150), ("Map, folded to A6", 1000, 18), ("Proofs", 2, 4500), ("Delivery", 1, 3200))
    for i, (what, count, cents) in enumerate(rows):
        y = 654 - 24 * i
        if i % 2:
            p.box(72, y - 8, 451, 24, (0.94, 0.97, 0.96))
        total += count * cents
        p.text(80, y, what)
        p.text(340, y, f"{count}", align="right")
        p.text(430, y, f"{cents / 100:.2f}", align="right")
        p.text(515, y, f"{count * cents / 100:,.2f}", align="right")
    vat = total * 21 // 100
    for i, (what, cents) in enumerate((("Net", total), ("VAT 21 %", vat), ("To pay, EUR", total + vat))):
        p.text(430, 510 - 20 * i, what, 11 if i == 2 else 10, "B" if i == 2 else "R", align="right")
        p.text(515, 510 - 20 * i, f"{cents / 100:,.2f}", 11 if i == 2 else 10, "B" if i == 2 else "R", align="right")
    p.line(360, 500 - 36 + 22, 523, 500 - 36 + 22, green, 1)
    p.text(72, 90, "Please name the invoice number with the payment. Thank you.", 9, "R", GREY)
    return compact([p], "Invoice 10482")


def letter():
    """A table of cross-references, CR LF, as many office programs write it."""
    p = Page()
    for i, line in enumerate(("Observatory on Gull Hill", "1 Upper Path", "Gull Hill")):
        p.text(523, 780 - 14 * i, line, 10, "B" if i == 0 else "R", INK if i == 0 else GREY, "right")
    p.text(72, 700, "Ms Edda Varga")
    p.text(72, 686, "18 Lower Path")
    p.text(523, 640, "2 January 2026", align="right")
    p.text(72, 610, "Your night at the telescope", 12, "B")
    p.y = 580
    for text in ("Dear Ms Varga,",
                 "thank you for your application. We are glad to offer you the small dome for the night of 14 March, from nine in the evening until the sky is too bright.",
                 "Please bring warm clothes, as the dome is not heated, and no white lamps. Our assistant will show you how to open the roof. If it is cloudy, we keep the "
                 "next clear night of the month for you.",
                 "The plates and files that you make are yours. We ask for a copy of what you publish.",
                 "Yours sincerely,"):
        p.paragraph(text)
    p.line(72, 330, 250, 330, INK)
    p.text(72, 316, "Jonas Reed, keeper of the instruments", 9, "R", GREY)
    return plain([p], "Your night at the telescope", b"\r\n", version="1.4")


def minutes():
    """Two pages; qpdf makes it a linearized file afterwards."""
    one, two = Page(), Page()
    red = (0.55, 0.15, 0.15)
    one.text(72, 770, "Minutes", 22, "B", red)
    one.text(72, 748, "Allotment Association Weir Meadow, yearly meeting, 2 January 2026", 10, "R", GREY)
    one.line(72, 738, 523, 738, red, 1.5)
    one.y = 712
    items = (("Opening", "The chair, R. Ansel, opened the meeting at 18:05. 31 of 40 members were present; the meeting could decide."),
             ("Report of the treasurer", "Income was 6,120, spending 5,844. The auditors had found no fault. The report was accepted with one abstention."),
             ("The well", "The pump lost pressure in August. Two offers were read out. Decided with 27 to 4: the pump is replaced in March for at most 1,900."),
             ("Bees", "H. Okoye may set up four hives at the north fence. Agreed without a vote."),
             ("Elections", "R. Ansel was elected chair again (29 to 1), P. Lindt secretary (31), Z. Moreau treasurer (30)."))
    for i, (head, body) in enumerate(items, 1):
        one.text(72, one.y, f"{i}", 11, "B", red)
        one.text(96, one.y, head, 11, "B")
        one.y -= 16
        one.paragraph(body, 96, 427)
        one.y -= 4
    two.text(72, 770, "Tasks", 14, "B", red)
    for i, (who, what, when) in enumerate((("Z. Moreau", "order the pump", "31 January"), ("H. Okoye", "fence the hives", "15 March"), ("P. Lindt", "send these minutes", "16 January"))):
        for x, text in ((72, who), (200, what), (420, when)):
            two.text(x, 740 - 20 * i, text)
    two.text(72, 660, "The meeting was closed at 19:40.")
    two.line(72, 590, 260, 590, INK)
    two.text(72, 576, "Secretary", 9, "R", GREY)
    return plain([one, two], "Minutes of the yearly meeting", pack=True)


def certificate():
    """Landscape, a table of cross-references, compressed content, PDF 2.0."""
    p = Page(842, 595)
    gold = (0.62, 0.48, 0.16)
    p.box(0, 0, 842, 595, (0.99, 0.98, 0.95))
    p.frame(28, 28, 786, 539, gold, 3)
    p.frame(36, 36, 770, 523, gold, 0.8)
    p.text(421, 470, "CERTIFICATE", 40, "B", gold, "centre")
    p.text(421, 420, "The School of Boat Building on the Lagoon confirms that", 13, align="centre")
    p.text(421, 360, "Nils Aroha Petersen", 30, "B", align="centre")
    p.line(240, 348, 602, 348, gold)
    p.text(421, 312, "has built a rowing boat of four metres, in oak and larch, by hand,", 13, align="centre")
    p.text(421, 292, "and rowed it across the lagoon and back on 2 January 2026.", 13, align="centre")
    p.text(421, 250, "with distinction", 15, "B", gold, "centre")
    for x, who in ((240, "Master of the yard"), (602, "Examiner")):
        p.line(x - 90, 130, x + 90, 130, INK)
        p.text(x, 114, who, 9, "R", GREY, "centre")
    return plain([p], "Certificate", pack=True, version="2.0")


def application():
    """A form: two text fields, one tick box, and an empty signature field `Applicant`."""
    p = Page()
    violet = (0.33, 0.2, 0.5)
    p.text(72, 770, "Application for a reader's card", 18, "B", violet)
    p.text(72, 750, "Library of the Old Customs House", 10, "R", GREY)
    labels = (("Name", 690, "Ilse Karlsen"), ("Address", 640, "3 Ferry Road"))
    for label, y, _ in labels:
        p.text(72, y + 26, label, 9, "R", GREY)
        p.frame(72, y, 451, 20, violet, 0.6)
    p.frame(72, 598, 12, 12, violet, 0.6)
    p.text(92, 600, "I have read the house rules.")
    p.text(72, 534, "Signature", 9, "R", GREY)
    p.frame(72, 460, 240, 66, violet, 0.6)
    body = objects([p], False, "Application for a reader's card")
    body[1] = "<< /Type /Catalog /Pages 2 0 R /Lang (en) /AcroForm 8 0 R >>"
    body[6] = body[6].replace("/Contents", "/Annots [9 0 R 10 0 R 11 0 R 12 0 R] /Contents")
    body[8] = ("<< /Fields [9 0 R 10 0 R 11 0 R 12 0 R] /DA (/R 10 Tf 0 g) /DR << /Font << /R 3 0 R >> >> >>")
    for n, (label, y, value) in zip((9, 10), labels):
        body[n] = (f"<< /Type /Annot /Subtype /Widget /FT /Tx /T ({label}) /V ({value}) /F 4 /P 6 0 R /Rect [72 {y} 523 {y + 20}] "
                   f"/DA (/R 10 Tf 0 g) /AP << /N {n + 5} 0 R >> >>")
        body[n + 5] = stream(f"/Tx BMC BT /R 10 Tf 0 g 4 6 Td ({value}) Tj ET EMC".encode(),
                             "/Type /XObject /Subtype /Form /BBox [0 0 451 20] /Resources << /Font << /R 3 0 R >> >>")
    body[11] = ("<< /Type /Annot /Subtype /Widget /FT /Btn /T (Rules) /V /Yes /AS /Yes /F 4 /P 6 0 R /Rect [72 598 84 610] "
                "/AP << /N << /Yes 13 0 R /Off 16 0 R >> >> >>")
    tick = "/Type /XObject /Subtype /Form /BBox [0 0 12 12]"
    body[12] = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Applicant) /F 4 /P 6 0 R /Rect [72 460 312 526] >>"
    body[13] = stream(b"1 w 2 6 m 5 2 l 10 10 l S", tick)
    body[16] = stream(b"", tick)
    pdf = Pdf()
    for n in sorted(body):
        pdf.add(n, body[n])
    pdf.table("/Info 5 0 R")
    return pdf.data


ALL = {"contract": contract, "invoice": invoice, "letter": letter, "minutes": minutes, "certificate": certificate, "application": application}
