//! What kind of signature is asked for: the plan, the moment, and what else every document shares.

use std::borrow::Cow;
use std::path::Path;

use eseal::system::{OsEntropy, SystemClock, read_bounded};
use eseal::{
    Canonicalization, Certificate, Clock as _, Compress, Digest, DigestAlgorithm, Level, Limits, Moment, Plan, Policy,
    Recovery, State, Time, draw_moment,
};

use super::inputs::{Input, Own};
use super::{Outcome, Stop, args};

/// What all documents of a run share.
pub(crate) struct Signing {
    plan: Plan,
    level: Level,
    moment: Moment,
    pub(crate) recovery: Recovery,
    pub(crate) skip_signed: bool,
    /// Everything that the bytes depend on, but for the document and its own options.
    fingerprint: Digest,
}

impl Signing {
    /// The plan for `certificate` with the options as typed.
    pub(crate) fn new(args: &args::Signature, certificate: &Certificate, chain: &[Certificate]) -> Outcome<Signing> {
        let plan = plan(args, certificate, chain)?;
        let moment = moment(&args.moment)?;
        let mut state = State::new(DigestAlgorithm::Sha256);
        let mut options = args.clone();
        // Which documents are left out says nothing about the others' bytes.
        options.skip_signed = false;
        field(&mut state, format!("{options:?}").as_bytes());
        for certificate in std::iter::once(certificate).chain(chain) {
            field(&mut state, certificate.as_der());
        }
        let recovery = if args.recover { Recovery::Rebuild } else { Recovery::Refuse };
        Ok(Signing {
            plan,
            level: level(args.level.as_deref())?,
            moment,
            recovery,
            skip_signed: args.skip_signed,
            fingerprint: state.finish(),
        })
    }

    /// The level to reach.
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        self.plan.certificate()
    }

    pub(crate) fn algorithm(&self) -> eseal::SignatureAlgorithm {
        self.plan.algorithm()
    }

    /// The plan for a document with options of its own.
    pub(crate) fn plan(&self, own: &Own) -> Cow<'_, Plan> {
        if own.field.is_none() && own.reason.is_none() && own.location.is_none() {
            return Cow::Borrowed(&self.plan);
        }
        let plan = with(self.plan.clone(), own.field.as_deref(), Plan::field);
        let plan = with(plan, own.reason.as_deref(), Plan::reason);
        Cow::Owned(with(plan, own.location.as_deref(), Plan::location))
    }

    /// The moment that those of all documents are derived from.
    pub(crate) fn run_moment(&self) -> Moment {
        self.moment
    }

    /// The moment of one document.
    pub(crate) fn moment(&self, input: &Input) -> Moment {
        self.moment.for_document(input.given.as_os_str().as_encoded_bytes())
    }

    /// Under which key the same document with the same options is found again.
    ///
    /// `identity` is what the file system says of it, `content` what else its bytes depend on.
    pub(crate) fn key(&self, input: &Input, path: &Path, identity: &[u8], content: &[u8]) -> Digest {
        let mut state = State::new(DigestAlgorithm::Sha256);
        field(&mut state, b"eseal-prepare-1");
        field(&mut state, self.fingerprint.as_bytes());
        field(&mut state, path.as_os_str().as_encoded_bytes());
        field(&mut state, input.given.as_os_str().as_encoded_bytes());
        field(&mut state, identity);
        field(&mut state, content);
        // The same file as itself, and as the content of a container.
        field(&mut state, &[u8::from(input.made_of.is_some())]);
        for own in [&input.own.field, &input.own.reason, &input.own.location] {
            field(&mut state, &[u8::from(own.is_some())]);
            field(&mut state, own.as_deref().unwrap_or_default().as_bytes());
        }
        state.finish()
    }
}

/// The certificate that `--cert` names, of several of one key in the file the one for `now`; and those beside it and
/// those of `--chain`.
pub(crate) fn certificates(
    args: &args::Certificates,
    now: Time,
    limits: &Limits,
) -> Outcome<(Option<Certificate>, Vec<Certificate>)> {
    let named = args.cert.as_deref().map(|path| read_certificates(path, limits)).transpose()?.unwrap_or_default();
    let (signer, mut chain) = match Certificate::choose(&named, now) {
        Some((signer, others)) => (Some(signer), others),
        None => (None, Vec::new()),
    };
    for path in &args.chain {
        chain.extend(read_certificates(path, limits)?);
    }
    Ok((signer, chain))
}

/// All certificates of a file.
pub(crate) fn read_certificates(path: &Path, limits: &Limits) -> Outcome<Vec<Certificate>> {
    let most = limits.certificate_bytes.saturating_mul(limits.certificates);
    let bytes = read_bounded(path, "certificate_bytes", most);
    bytes.and_then(|bytes| Certificate::parse_all(&bytes)).map_err(Stop::about(path.display().to_string()))
}

fn plan(args: &args::Signature, certificate: &Certificate, chain: &[Certificate]) -> Outcome<Plan> {
    let mut plan = Plan::new(certificate.clone(), chain).map_err(Stop::about("--cert"))?;
    if let Some(name) = &args.digest {
        let digest = DigestAlgorithm::from_name(name).map_err(Stop::about("--digest"))?;
        plan = plan.digest(digest).map_err(Stop::about("--digest"))?;
    }
    if args.pss {
        plan = plan.pss().map_err(Stop::about("--pss"))?;
    }
    plan = plan.level(level(args.level.as_deref())?);
    if let Some(bytes) = args.reserve {
        plan = plan.reserve(bytes);
    }
    if args.allow_expired {
        plan = plan.allow_expired();
    }
    if args.require_sound {
        plan = plan.require_sound();
    }
    plan = with(plan, args.field.as_deref(), Plan::field);
    plan = with(plan, args.reason.as_deref(), Plan::reason);
    plan = with(plan, args.location.as_deref(), Plan::location);
    plan = with(plan, args.name.as_deref(), Plan::name);
    plan = with(plan, args.contact.as_deref(), Plan::contact);
    claims(plan, args)
}

/// The level that was named; B-B where none was.
pub(crate) fn level(name: Option<&str>) -> Outcome<Level> {
    name.map_or(Ok(Level::Bb), Level::from_name).map_err(Stop::about("--level"))
}

/// What containers have besides.
fn claims(mut plan: Plan, args: &args::Signature) -> Outcome<Plan> {
    for role in &args.role {
        plan = plan.role(role).map_err(Stop::about("--role"))?;
    }
    if let Some(city) = &args.city {
        plan = plan.city(city).map_err(Stop::about("--city"))?;
    }
    if let Some(country) = &args.country {
        plan = plan.country(country).map_err(Stop::about("--country"))?;
    }
    if let Some(name) = &args.commitment {
        plan = plan.commitment(name).map_err(Stop::about("--commitment"))?;
    }
    if let Some(line) = &args.policy {
        plan = plan.policy(Policy::parse(line).map_err(Stop::about("--policy"))?);
    }
    if let Some(name) = &args.c14n {
        plan = plan.canonicalization(Canonicalization::from_name(name).map_err(Stop::about("--c14n"))?);
    }
    Ok(plan.compress(compress(args.compress.as_deref())?))
}

/// How data files are packed.
pub(crate) fn compress(name: Option<&str>) -> Outcome<Compress> {
    name.map_or(Ok(Compress::default()), Compress::from_name).map_err(Stop::about("--compress"))
}

fn with<'a>(plan: Plan, text: Option<&'a str>, set: impl FnOnce(Plan, &'a str) -> Plan) -> Plan {
    match text {
        Some(text) => set(plan, text),
        None => plan,
    }
}

/// The time of a run: the one given, else now.
pub(crate) fn time(args: &args::Moment) -> Outcome<Time> {
    match &args.time {
        Some(time) => Time::parse_rfc3339(time).map_err(Stop::about("--time")),
        None => now(),
    }
}

/// What the clock says.
pub(crate) fn now() -> Outcome<Time> {
    SystemClock.now().map_err(Stop::about("clock"))
}

/// The moment of a run: the one given, else now.
pub(crate) fn moment(args: &args::Moment) -> Outcome<Moment> {
    let (Some(time), Some(nonce)) = (&args.time, &args.nonce) else {
        return draw_moment(&SystemClock, &OsEntropy).map_err(Stop::about("moment"));
    };
    let time = Time::parse_rfc3339(time).map_err(Stop::about("--time"))?;
    let nonce = hex(nonce).ok_or_else(|| Stop::Usage("--nonce wants 64 hexadecimal digits".into()))?;
    Ok(Moment::new(time, nonce))
}

/// 64 hexadecimal digits.
pub(crate) fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A field that can't run into the next.
fn field(state: &mut State, bytes: &[u8]) {
    state.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    state.update(bytes);
}
