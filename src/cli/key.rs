//! The key that signs here: whatever `--key` names, opened once, as a `Signer`.

use std::path::{Path, PathBuf};

use eseal::error::KeyError;
use eseal::key::{LocalKey, Pkcs11Key, Pkcs11Module, Pkcs11Uri, needs_password};
use eseal::system::read_bounded;
use eseal::{Certificate, ErrorCode, Limits, Secret, Signer, Time};

use super::args;
use super::config::{self, Common};
use super::report::{Report, printable};
use super::secrets::{ask, hide, password, secret_file, with_options};
use super::signing::certificates;
use super::{Outcome, Stop};

/// Opens the key; its password or PIN is asked for once.
pub(crate) fn open(
    args: &args::Key,
    certificates_args: &args::Certificates,
    now: Time,
    common: &Common,
    report: &mut Report,
) -> Outcome<Box<dyn Signer>> {
    let path = args.key.as_deref().ok_or_else(|| Stop::Usage("--key FILE is needed".into()))?;
    hide();
    let (named, chain) = certificates(certificates_args, now, &common.limits)?;
    // A certificate of the key may stand among its issuers, beside one that has run out.
    let first = named.clone().or_else(|| Certificate::choose(&chain, now).map(|(first, _)| first));
    let given: Vec<Certificate> = first.into_iter().chain(chain).collect();
    let key = match path.to_str().filter(|text| Pkcs11Uri::is_one(text)) {
        Some(uri) => open_token(uri, args, &given, now, common, report)?,
        None => open_file(path, args, &given, now, common, report)?,
    };
    // Who names a certificate wants no other one.
    match &named {
        Some(named) if key.chain().first() != Some(named) => {
            Err(Stop::Error("--cert".into(), KeyError::new(ErrorCode::KeyCertificate).into()))
        }
        _ => Ok(key),
    }
}

/// The file that a token's URI names: it opens the key.
pub(crate) fn pin_file(args: &args::Key, limits: &Limits) -> Option<PathBuf> {
    let text = args.key.as_deref()?.to_str().filter(|text| Pkcs11Uri::is_one(text))?;
    Pkcs11Uri::parse(text, limits).ok()?.pin_file().map(Path::to_owned)
}

fn open_file(
    path: &Path,
    args: &args::Key,
    given: &[Certificate],
    now: Time,
    common: &Common,
    report: &mut Report,
) -> Outcome<Box<dyn Signer>> {
    let about = || Stop::about(path.display().to_string());
    let bytes = read_bounded(path, "key_bytes", common.limits.key_bytes).map_err(about())?;
    let password = match needs_password(&bytes) {
        true => password(&args.password, &format!("Password of {}", path.display()), &common.limits)?,
        false => None,
    };
    let alias = args.key_alias.as_deref();
    let key = LocalKey::open(&bytes, password.as_ref(), alias, given, &common.limits);
    let key = key.map_err(|error| about()(with_options(error)))?;
    for warning in key.warnings() {
        report.note(&format!("eseal: {}: {warning}", path.display()));
    }
    tell_if_none_is_valid(key.certificates(), now, report);
    Ok(Box::new(key.valid_at(now)))
}

fn open_token(
    text: &str,
    args: &args::Key,
    given: &[Certificate],
    now: Time,
    common: &Common,
    report: &mut Report,
) -> Outcome<Box<dyn Signer>> {
    let uri = Pkcs11Uri::parse(text, &common.limits)
        .map_err(|error| Stop::Usage(format!("--key: {error} [{}]", error.code())))?;
    let path = args.pkcs11_module.clone().or_else(|| uri.module());
    let path =
        path.ok_or_else(|| Stop::Usage("--pkcs11-module SO is needed: the module of the token's maker".into()))?;
    let module = Pkcs11Module::load(&path).map_err(Stop::about(path.display().to_string()))?;
    let token = module.token(&uri).map_err(Stop::about("--key"))?;
    let about = || Stop::about(format!("token {}", token.label()));
    if token.is_last_try() {
        report.note(&format!("eseal: token {}: one more wrong PIN locks it", token.label()));
    }
    let pin = if token.needs_pin() { pin(&uri, args, &token.label(), common)? } else { None };
    let sessions = args.key_sessions.unwrap_or_else(|| config::Run::plain().jobs).max(1);
    let alias = args.key_alias.as_deref();
    let key = Pkcs11Key::open(&token, &uri, alias, pin.as_ref(), given, sessions, &common.limits).map_err(about())?;
    report.detail(&format!("eseal: token {}: {} sessions", token.label(), key.sessions()));
    tell_if_none_is_valid(key.certificates(), now, report);
    Ok(Box::new(key.valid_at(now)))
}

/// Says when each of several certificates of the key is valid, where none is now: the error that follows has room for
/// the one that was taken.
fn tell_if_none_is_valid(all: &[Certificate], now: Time, report: &mut Report) {
    if all.len() < 2 || all.iter().any(|one| (one.not_before()..=one.not_after()).contains(&now)) {
        return;
    }
    report.note(&format!("eseal: of {} certificates of the key none is valid at {now}:", all.len()));
    for one in all.iter().take(CERTIFICATES_TOLD) {
        report.note(&format!("eseal:   {} to {}  {}", one.not_before(), one.not_after(), printable(one.subject())));
    }
}

/// The PIN: from the file that was named, or else that of the URI, or else whoever sits at the terminal.
fn pin(uri: &Pkcs11Uri, args: &args::Key, label: &str, common: &Common) -> Outcome<Option<Secret>> {
    match args.pin_file.as_deref().or(uri.pin_file()) {
        Some(path) => secret_file(path, &common.limits).map(Some),
        None => ask(&format!("PIN of token {label}"))?.map(Some).ok_or_else(|| {
            let ways = "--pin-file FILE or `pin-source=file:…` in the URI gives it";
            Stop::Usage(format!("no PIN was given for token {label}, and there is no terminal to ask on: {ways}"))
        }),
    }
}

const CERTIFICATES_TOLD: usize = 8;
