//! Completions in real shells, manual pages in real readers, and what is said of a verb that is none.

use std::process::{Command, Stdio};

use super::Bench;

/// What a program prints, fed with a text; `None` where it is not installed.
fn piped(bench: &Bench, program: &str, arguments: &[&str], input: &str) -> Option<(String, String)> {
    use std::io::Write;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(bench.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = command.env("HOME", bench.path("")).env("TERM", "dumb").spawn() else {
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some((text(done.stdout), text(done.stderr)))
}

/// What is typed, and what must be among the answers; the last word is the one to complete.
const TYPED: &[(&str, &[&str], &[&str])] = &[
    ("eseal seal --level b", &["b-b", "b-t", "b-lt", "b-lta"], &[]),
    ("eseal lvrtc --level b-l", &["b-lt", "b-lta"], &["b-t"]),
    ("eseal prepare --digest sha", &["sha256", "sha384", "sha512"], &[]),
    ("eseal summary --digest sha5", &["sha512"], &["sha256"]),
    ("eseal seal --format ", &["pdf", "asice", "edoc"], &[]),
    ("eseal seal --c14n ", &["exclusive", "1.1"], &[]),
    ("eseal fill --compress ", &["auto", "store", "deflate"], &[]),
    ("eseal seal --commitment proof-of-a", &["proof-of-approval"], &["proof-of-origin"]),
    ("eseal seal --limit pdf-dep", &["pdf-depth="], &[]),
    ("eseal errors pdf.xref.c", &["pdf.xref.cycle"], &["pdf.xref.hybrid"]),
    ("eseal man ins", &["inspect"], &["seal"]),
    ("eseal completions po", &["powershell"], &["bash"]),
];

fn answers(found: &str, typed: &str, wanted: &[&str], unwanted: &[&str]) {
    let found: Vec<&str> = found.split(['\n', '\t', ' ']).map(str::trim).collect();
    for value in wanted {
        assert!(found.contains(value), "{typed}: {value} is not in {found:?}");
    }
    for value in unwanted {
        assert!(!found.contains(value), "{typed}: {value} is in {found:?}");
    }
}

#[test]
fn bash_completes_values() {
    let bench = Bench::new();
    bench.write("script", &bench.run("completions bash").ends(0).out);
    for (typed, wanted, unwanted) in TYPED {
        let script = format!(
            "source ./script || exit 1\nline='{typed}'\nread -ra COMP_WORDS <<< \"$line\"\n\
             [[ $line == *' ' ]] && COMP_WORDS+=('')\nCOMP_CWORD=$((${{#COMP_WORDS[@]}}-1))\n\
             _eseal eseal \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let Some((out, err)) = piped(&bench, "bash", &["--norc"], &script) else { return };
        assert!(err.is_empty(), "{err}");
        answers(&out, typed, wanted, unwanted);
    }
}

#[test]
fn fish_completes_values() {
    let bench = Bench::new();
    bench.write("script", &bench.run("completions fish").ends(0).out);
    for (typed, wanted, unwanted) in TYPED {
        let script = format!("source ./script\ncomplete -C '{typed}'\n");
        let Some((out, err)) = piped(&bench, "fish", &["--no-config"], &script) else { return };
        assert!(err.is_empty(), "{err}");
        answers(&out, typed, wanted, unwanted);
    }
}

#[test]
fn zsh_knows_the_values() {
    let bench = Bench::new();
    let script = bench.run("completions zsh").ends(0);
    bench.write("_eseal", &script.out);
    // Its completion needs a terminal; that the script is one, and what it offers, can be looked at without.
    let check =
        "autoload -U compinit && compinit -D -u && source ./_eseal && (( $+functions[_eseal] )) && print sound\n";
    let Some((out, err)) = piped(&bench, "zsh", &["-f"], check) else { return };
    assert_eq!((out.trim(), err.as_str()), ("sound", ""));
    for values in ["(b-b b-t b-lt b-lta)", "(sha256 sha384 sha512)", "(pdf asice edoc)", "pdf.xref.cycle", "pdf-depth="]
    {
        assert!(script.text().contains(values), "{values}");
    }
}

#[test]
fn each_page_has_its_sections_and_is_read_without_a_warning() {
    let bench = Bench::new();
    bench.run("man --pages pages").ends(0);
    let pages: Vec<String> = bench.files().into_iter().filter(|name| name.starts_with("pages/")).collect();
    let mut verbs = 0;
    for name in &pages {
        let page = String::from_utf8(bench.read(name)).unwrap();
        assert!(page.is_ascii(), "{name}");
        if let Some(verb) = name.strip_prefix("pages/eseal-").and_then(|rest| rest.strip_suffix(".1")) {
            verbs += 1;
            assert_eq!(bench.run(&format!("man {verb}")).ends(0).text(), page);
            assert_eq!(bench.run(&format!("man eseal-{verb}")).ends(0).text(), page);
            let places: Vec<usize> =
                ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS", "EXIT STATUS", "FILES", "SEE ALSO"]
                    .iter()
                    .map(|title| page.find(&format!("\n.SH {title}\n")).unwrap_or_else(|| panic!("{name}: {title}")))
                    .collect();
            assert!(places.is_sorted(), "{name}: {places:?}");
        } else {
            assert_eq!(bench.run("man").ends(0).text(), page);
            assert!(page.contains("\n.SH EXIT STATUS\n") && page.contains("\n.SH FILES\n"));
        }
        for (reader, arguments) in
            [("groff", &["-man", "-Tutf8", "-ww", "-z"][..]), ("mandoc", &["-Tlint", "-Wwarning"])]
        {
            let Some((out, err)) = piped(&bench, reader, arguments, &page) else { continue };
            assert_eq!((out.as_str(), err.as_str()), ("", ""), "{name}");
        }
    }
    assert_eq!((verbs, pages.len()), (16, 17));
    bench.run("man --pages pages seal").ends(2);
}

#[test]
fn help_of_each_verb_begins_with_examples() {
    let bench = Bench::new();
    for verb in [
        "demo",
        "inspect",
        "prepare",
        "finalize",
        "seal",
        "extend",
        "fetch",
        "fill",
        "restore",
        "summary",
        "lvrtc start",
        "encrypt-password",
        "lvrtc",
        "sessions",
        "sessions expire",
        "errors",
        "completions",
        "man",
        "lvrtc calculate-digest",
    ] {
        for flag in ["--help", "-h"] {
            let help = bench.run(&format!("{verb} {flag}")).ends(0);
            let first = format!("Examples:\n  eseal {}", verb.split(' ').next().unwrap());
            assert!(help.text().starts_with(&first), "{verb}: {}", help.text());
        }
    }
}

#[test]
fn a_word_that_is_no_verb_leads_to_one() {
    let bench = Bench::new();
    for (word, verb) in [
        ("sign", "'seal'"),
        ("Sign", "'seal'"),
        ("signing", "'seal'"),
        ("verify", "'inspect'"),
        ("validate", "'inspect'"),
        ("check", "'inspect'"),
        ("timestamp", "'extend'"),
        ("upgrade", "'extend'"),
        ("digest", "'prepare'"),
        ("complete", "'finalize'"),
        ("explain", "'errors'"),
        ("seel", "'seal'"),
        ("insepct", "'inspect'"),
    ] {
        let ended = bench.run(&format!("{word} a.pdf")).ends(2);
        assert!(ended.err.contains(verb) && ended.out.is_empty(), "{word}: {}", ended.err);
    }
    assert!(bench.run("verify a.pdf").ends(2).err.contains("no verdict on trust"));
    assert!(bench.run("man sign").ends(2).err.contains("did you mean seal?"));
    let ended = bench.run("errors timestamp.nonse").ends(2);
    assert!(ended.err.contains("did you mean timestamp.nonce?"), "{}", ended.err);
}
