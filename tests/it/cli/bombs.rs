//! Small files that ask for gigabytes: their fault stays their own, and the run goes on.

use std::io::Write as _;
use std::process::Command;

use super::{Bench, Ended, testdata};

/// A PDF of which each object is in a deflated object stream of its own.
fn packed(objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut rows = vec![[0; 7]];
    let first = objects.iter().map(|(number, _)| number + 1).max().unwrap();
    rows.resize(first as usize, [0; 7]);
    let row = |kind: u8, second: usize| {
        let mut row = [kind, 0, 0, 0, 0, 0, 0];
        row[1..5].copy_from_slice(&u32::try_from(second).unwrap().to_be_bytes());
        row
    };
    for (stream, (number, body)) in (first..).zip(objects) {
        let head = format!("{number} 0 ");
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(head.as_bytes()).unwrap();
        encoder.write_all(body).unwrap();
        let data = encoder.finish().unwrap();
        rows[*number as usize] = row(2, stream as usize);
        rows.push(row(1, bytes.len()));
        let (first, len) = (head.len(), data.len());
        let dictionary = format!("<</Type/ObjStm/N 1/First {first}/Filter/FlateDecode/Length {len}>>");
        bytes.extend(format!("{stream} 0 obj\n{dictionary}\nstream\n").bytes());
        bytes.extend(data);
        bytes.extend(b"\nendstream\nendobj\n");
    }
    let (at, own) = (bytes.len(), rows.len());
    rows.push(row(1, at));
    let (size, len) = (rows.len(), rows.len() * 7);
    let dictionary = format!("<</Type/XRef/Size {size}/W[1 4 2]/Root 1 0 R/Length {len}>>");
    bytes.extend(format!("{own} 0 obj\n{dictionary}\nstream\n").bytes());
    bytes.extend(rows.concat());
    bytes.extend(format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").bytes());
    bytes
}

/// A document with `form` as its form.
fn document(form: Vec<u8>, more: Vec<(u32, Vec<u8>)>) -> Vec<u8> {
    let mut objects = vec![
        (1, b"<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>".to_vec()),
        (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec()),
        (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_vec()),
        (4, form),
    ];
    objects.extend(more);
    packed(&objects)
}

/// Its form has an array of so many of `item`.
fn bomb(item: &str, count: usize) -> Vec<u8> {
    document([b"<</Fields[]/X[", item.repeat(count).as_bytes(), b"]>>"].concat(), Vec::new())
}

/// So many fields, each with such an array.
fn fields(fields: u32, item: &str, count: usize) -> Vec<u8> {
    let list: String = (0..fields).map(|n| format!("{} 0 R ", 10 + n)).collect();
    let field = |n: u32| (10 + n, format!("<</FT/Tx/T(f{n})/X[{}]>>", item.repeat(count)).into_bytes());
    document(format!("<</Fields[{list}]>>").into_bytes(), (0..fields).map(field).collect())
}

/// Runs with 2 GiB of address space.
fn run(bench: &Bench, line: &str) -> Ended {
    let line = line.replace("$KEYS", testdata("keys").to_str().unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 2097152; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_eseal")]);
    Ended::from(command.args(line.split_whitespace()).current_dir(bench.path(".")).output().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn a_bomb_fails_alone() {
    let bench = Bench::new();
    let mib = 1 << 20;
    bench.write("in/b-numbers.pdf", &bomb("0 ", 8 * mib));
    bench.write("in/c-arrays.pdf", &bomb("[]", 7 * mib));
    bench.write("in/d-fields.pdf", &fields(3, "0 ", 5 * mib));
    for name in ["a", "e", "f"] {
        bench.sample(&format!("in/{name}.pdf"), "minimal.pdf");
    }
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
    let codes =
        run(&bench, &format!("seal in --out out {key} --memory 512M --jobs 2 --json")).ends(1).codes("finalize");
    for (name, code) in [
        ("in/a.pdf", "-"),
        ("in/b-numbers.pdf", "limit.exceeded"),
        ("in/c-arrays.pdf", "limit.exceeded"),
        ("in/d-fields.pdf", "limit.exceeded"),
        ("in/e.pdf", "-"),
        ("in/f.pdf", "-"),
    ] {
        assert_eq!(codes[name], code, "{name}");
    }
    let ended = run(&bench, "inspect in/b-numbers.pdf --json").ends(1);
    assert!(ended.text().contains("pdf_memory_bytes"), "{}", ended.text());
}

#[test]
fn what_a_form_of_many_fields_holds_is_let_go() {
    let bench = Bench::new();
    // All of it together would be four times what the limit allows.
    bench.write("many.pdf", &fields(200, "0 ", 10_000));
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --limit pdf-memory-bytes=8M";
    bench.run(&format!("seal many.pdf {key}")).ends(0);
    bench.run("inspect many-signed.pdf --limit pdf-memory-bytes=8M").ends(0);
    bench.run(&format!("seal many-signed.pdf {key}")).ends(0);
    let ended = bench.run(&format!("seal many.pdf {key} --overwrite --limit pdf-object-bytes=10K --json")).ends(1);
    assert!(ended.text().contains("pdf_object_bytes"), "{}", ended.text());
}
