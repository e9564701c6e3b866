#!/usr/bin/env python3
"""Makes vectors/canonical.json: documents and the canonical octets that libxml2 gives for them.

Needs lxml, xmllint and xmlsec1; run once, the result is committed. The same bytes each time (a fixed seed).
Whole documents with comments come from xmllint, without comments from lxml. Parts come from xmlsec1: the element is
referred to in a signature that xmlsec1 makes, and the octets it digested are kept. `#ID` leaves comments out whatever
the method says, so methods with comments are asked for by `#xpointer(id('ID'))`.

Left out on purpose, for libxml2 is not right there: namespaces with `&` or `"` (written without escapes), an empty
`xml:base` under 1.1 (dropped even in whole documents), and `xml:base` with fragments, final `..`, or more `..` than
the path it is joined to has folders.
"""

import io
import json
import os
import random
import re
import subprocess
import tempfile

from lxml import etree

HERE = os.path.dirname(os.path.abspath(__file__))
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
METHODS = [
    ("--exc-c14n", EXCLUSIVE, EXCLUSIVE + "WithComments"),
    ("--c14n", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"),
    ("--c14n11", "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2006/12/xml-c14n11#WithComments"),
]

# Each by hand, for one thing; parts are the elements with xml:id.
DOCUMENTS = {
    "line ends": "<a b='1\r\n2\r3\n4\t5&#13;&#10;&#9;'>1\r\n2\r3&#13;\n&#xD;&#xA;<!--x\r\ny\rz--><?p x\r\ny\rz?><![CDATA[1\r\n2\r3]]></a>\r\n<!--\r-->",
    "escapes": "<a b='\"&quot;&amp;&lt;&gt;>&apos;' c=\"'&#34;\">&amp;&lt;&gt;>\"'&quot;&apos;<![CDATA[&amp;<>]]]]><![CDATA[>]]></a>",
    "outside": "\n<!-- 1 -->\n<?p?>\n<?q   r ?>\n<a/>\n<!-- 2 -->\n<?p  ?>\n",
    "order": "<a xmlns:z='urn:1' xmlns:y='urn:2' xmlns='urn:3' y:a='1' z:b='2' z:a='3' b='4' a='5' A='6' ā='7' xml:lang='lv'><y:b z='1'/></a>",
    "namespaces": "<a xmlns='urn:d' xmlns:p='urn:p'><b xmlns='' xml:id='b'><c xmlns='urn:d' xmlns:p='urn:p' xml:id='c'/>"
    "<p:d xmlns:p='urn:q' p:e='1' xml:id='d'><p:f xmlns:p='urn:p'/></p:d></b><p:g xmlns:q='urn:q' xml:id='g'><h q:i=''/></p:g></a>",
    "inherited": "<a xml:lang='lv' xml:space='preserve' xml:base='http://a/b/c' xml:foo='1'><b xml:base='d/e' xml:lang='' xml:id='b'>"
    "<c xml:base='../f/' xml:id='c'><!--x--><d xml:id='d'/></c><e xml:base='/g/h' xml:id='e'/><f xml:base='?i' xml:id='f'/></b></a>",
    "relative bases": "<a xml:base='a/b/'><b xml:base='../c/' xml:id='b'><c xml:id='c' xml:base='d/../e'/><d xml:base='../' xml:id='d'/></b></a>",
    "beyond the plane": "\ufeff<?xml version='1.0' encoding='utf-8'?><ž xmlns:ē='urn:%C4%93' ē:ā='&#x1F600;😀&#128512;'>\u2028\u0085\u00a0&#x20ac;</ž>",
}

PREFIXES = ["a", "b", "c", "ž", "p.1"]
NAMESPACES = ["urn:a", "urn:b", "http://x/y", "http://x/y?a=1", "urn:A", "urn:&#x61;"]
LOCALS = ["e", "f", "lang", "x-y", "ēf", "_"]
TEXTS = ["t", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", ">", '"', "'", "&#13;", "&#xA;", "&#9;", "&#x20AC;", "😀", "]]"]
SECTIONS = ["<![CDATA[<a>&amp;\r\n]]>", "<![CDATA[]]>", "<![CDATA[ ]] > ]]>"]
BASES = ["http://h/a/b", "c/", "../d", ".", "/q/r", "x/../y", "?q=1", "a//b", "s"]
OTHERS = ["<!-- c\r\nd & < -->", "<!---->", "<?pi?>", "<?pi  da?ta\r\n x ?>", "<?ž \t\r<>&?>"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ids = 0

    def some(self, choices, most):
        return [self.random.choice(choices) for _ in range(self.random.randint(0, most))]

    def element(self, outer, depth):
        choice, scope, written = self.random.choice, dict(outer), {}
        for prefix in dict.fromkeys(self.some(PREFIXES + [""], 2)):
            scope[prefix] = choice(NAMESPACES + ([] if prefix else [""]))
            written["xmlns:" + prefix if prefix else "xmlns"] = scope[prefix]
        prefixes = ["", ""] + sorted(filter(None, scope))
        taken = set()
        for prefix, local in [(choice(prefixes), choice(LOCALS)) for _ in range(self.random.randint(0, 3))]:
            key = (etree.fromstring("<a b='%s'/>" % scope[prefix]).get("b") if prefix else "", local)
            if key not in taken:
                taken.add(key)
                written[(prefix + ":" if prefix else "") + local] = "".join(self.some(TEXTS, 3)).replace('"', "&quot;")
        for name, values in (("lang", ["lv", ""]), ("space", ["preserve"]), ("base", BASES), ("foo", ["1"])):
            if self.random.random() < 0.15:
                written["xml:" + name] = choice(values)
        if self.random.random() < 0.3:
            self.ids += 1
            written["xml:id"] = "i%d" % self.ids
        attributes = sorted(written.items())
        self.random.shuffle(attributes)
        prefix = choice(prefixes)
        name = (prefix + ":" if prefix else "") + choice(LOCALS)
        tag = name + "".join(choice([" ", "\n", "\t", "\r\n"]) + '%s="%s"' % pair for pair in attributes)
        parts = [self.element(scope, depth + 1) for _ in range(self.random.randint(0, 2) if depth < 4 else 0)]
        parts += self.some(TEXTS, 3) + self.some(SECTIONS + OTHERS, 1)
        self.random.shuffle(parts)
        return "<%s>%s</%s >" % (tag, "".join(parts), name) if parts else "<%s/>" % tag


def whole(text, option, without, with_comments):
    data = text.encode()
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(data)
        file.flush()
        octets = subprocess.run(["xmllint", "--nonet", option, file.name], check=True, capture_output=True).stdout
    yield {"method": with_comments, "by": "xmllint", "octets": octets.decode()}
    if option != "--c14n11":
        out = io.BytesIO()
        parser = etree.XMLParser(resolve_entities=False, strip_cdata=False)
        etree.parse(io.BytesIO(data), parser).write_c14n(out, exclusive=option == "--exc-c14n", with_comments=False)
        yield {"method": without, "by": "lxml", "octets": out.getvalue().decode()}


def parts(text, ids):
    """The text with a signature at the end of its document element, and the octets of its parts."""
    wanted = []
    for at, name in enumerate(ids):
        for _, without, with_comments in METHODS:
            wanted.append((name, "#" + name, without, []))
            wanted.append((name, "#xpointer(id('%s'))" % name, with_comments, []))
        prefixes = [["#default", "a"], ["b", "c", "none"], ["p", "#default"]][at % 3]
        wanted.append((name, "#" + name, EXCLUSIVE, prefixes))
    references = ""
    for _, uri, method, prefixes in wanted:
        listed = '<e:InclusiveNamespaces xmlns:e="%s" PrefixList="%s"/>' % (EXCLUSIVE, " ".join(prefixes)) if prefixes else ""
        references += (
            '<d:Reference URI="%s"><d:Transforms><d:Transform Algorithm="%s">%s</d:Transform></d:Transforms>'
            '<d:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><d:DigestValue/></d:Reference>'
        ) % (uri, method, listed)
    signature = (
        '<d:Signature xmlns:d="%s"><d:SignedInfo><d:CanonicalizationMethod Algorithm="%s"/><d:SignatureMethod '
        'Algorithm="%shmac-sha1"/>%s</d:SignedInfo><d:SignatureValue/><d:KeyInfo><d:KeyName/></d:KeyInfo></d:Signature>'
    ) % (DS, EXCLUSIVE, DS, references)
    end = text.rindex("</")
    with tempfile.TemporaryDirectory() as folder:
        source, key = os.path.join(folder, "in.xml"), os.path.join(folder, "key")
        with open(source, "wb") as file:
            file.write((text[:end] + signature + text[end:]).encode())
        with open(key, "wb") as file:
            file.write(b"key")
        command = ["xmlsec1", "--sign", "--hmackey", key, "--store-references", "--output", os.devnull, source]
        said = subprocess.run(command, check=True, capture_output=True)
    found = re.findall(rb"== PreDigest data - start buffer:\n(.*?)\n== PreDigest data - end buffer", said.stdout + said.stderr, re.S)
    assert len(found) == len(wanted), said.stderr
    for (name, _, method, prefixes), octets in zip(wanted, found):
        yield {"method": method, "id": name, "prefixes": prefixes, "by": "xmlsec1", "octets": octets.decode()}


def main():
    documents = dict(DOCUMENTS)
    generator = Generator(4)
    while len(documents) < len(DOCUMENTS) + 8:
        text = "<r>" + generator.element({}, 0) + generator.element({}, 1) + "</r>"
        if 300 < len(text) < 1500 and "]]>" not in re.sub("<!\\[CDATA\\[.*?\\]\\]>", "", text, flags=re.S):
            documents["generated %d" % (len(documents) - len(DOCUMENTS) + 1)] = text
    cases = []
    for name, text in documents.items():
        forms = [form for method in METHODS for form in whole(text, *method)]
        ids = re.findall("xml:id=['\"](\\w+)['\"]", text)[:3]
        forms += parts(text, ids) if ids else []
        cases.append({"name": name, "text": text, "forms": forms})
    result = {"origin": "xmllint and lxml (libxml2), xmlsec1, by canonical.py", "documents": cases}
    with open(os.path.join(HERE, "vectors", "canonical.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
