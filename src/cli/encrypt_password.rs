//! `eseal encrypt-password`: the eSeal password, readable by the service alone.

use eseal::seal::{self, PasswordPadding, encrypt_password};
use eseal::system::{OsEntropy, read_bounded};
use serde::Serialize;

use super::args::EncryptPassword;
use super::config::Common;
use super::report::Report;
use super::secrets::password;
use super::{Exit, Outcome, Stop};

#[derive(Serialize)]
struct Encrypted {
    password: String,
    padding: &'static str,
}

/// `eseal encrypt-password`.
pub(crate) fn run(args: &EncryptPassword, common: &Common) -> Outcome {
    let mut report = Report::new(common);
    let key = match (&args.service_key, args.lvrtc_production) {
        (Some(path), false) => {
            let bytes = read_bounded(path, "key_bytes", common.limits.key_bytes);
            bytes.map_err(Stop::about(path.display().to_string()))?
        }
        (None, true) => {
            let (date, fingerprint) = (seal::LVRTC_PRODUCTION_KEY_VALID_FROM, seal::LVRTC_PRODUCTION_KEY_SHA256);
            report.note(&format!("eseal: key of LVRTC's production, valid from {date}, SHA-256 {fingerprint}"));
            seal::LVRTC_PRODUCTION_KEY.as_bytes().to_vec()
        }
        _ => return Err(Stop::Usage("--service-key FILE or --lvrtc-production: one of the two is needed".into())),
    };
    let (padding, name) = match args.oaep_sha1 {
        false => (PasswordPadding::Pkcs1, "RSAES-PKCS1-v1_5"),
        true => (PasswordPadding::OaepSha1, "RSAES-OAEP with SHA-1"),
    };
    let password = password(&args.password, "eSeal password", &common.limits)?;
    let password =
        password.ok_or_else(|| Stop::Usage(format!("no password was given, and {}", super::secrets::NO_TERMINAL)))?;
    let encrypted = encrypt_password(&key, &password, padding, &OsEntropy).map_err(Stop::about("password"))?;
    report.object(&Encrypted { password: encrypted.clone(), padding: name }, &encrypted)?;
    report.flush()?;
    Ok(Exit::Good)
}
