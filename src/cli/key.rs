//! The key that signs here: whatever `--key` names, opened once, as a `Signer`.

use std::path::Path;

use eseal::key::{LocalKey, needs_password};
use eseal::system::read_bounded;
use eseal::{Certificate, Signer};

use super::args;
use super::config::Common;
use super::report::Report;
use super::secrets::password;
use super::signing::certificates;
use super::{Outcome, Stop};

/// Opens the key; its password is asked for once.
pub(crate) fn open(
    args: &args::Key,
    certificates_args: &args::Certificates,
    common: &Common,
    report: &mut Report,
) -> Outcome<Box<dyn Signer>> {
    let path = args.key.as_deref().ok_or_else(|| Stop::Usage("--key FILE is needed".into()))?;
    let (signer, chain) = certificates(certificates_args, &common.limits)?;
    let given: Vec<Certificate> = signer.into_iter().chain(chain).collect();
    open_file(path, args, &given, common, report)
}

/// The files that open the key: they do not belong into a container of all that lies beside them.
pub(crate) fn files(args: &args::Key) -> impl Iterator<Item = &Path> {
    [&args.key, &args.password.password_file].into_iter().flatten().map(|path| &**path)
}

fn open_file(
    path: &Path,
    args: &args::Key,
    given: &[Certificate],
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
    let key = LocalKey::open(&bytes, password.as_ref(), alias, given, &common.limits).map_err(about())?;
    for warning in key.warnings() {
        report.note(&format!("eseal: {}: {warning}", path.display()));
    }
    Ok(Box::new(key))
}
