//! Keys on PKCS#11 tokens: a module, a URI and a PIN in, a [`Signer`](crate::Signer) out.
//!
//! Decided here and nowhere else: which token and key a URI means, which certificate goes with the key, how often a
//! PIN is tried, which faults of a token end the run. The private key never leaves the token.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;

use self::fault::{fault_of, printable};
use super::Pkcs11Uri;
use crate::error::{ErrorCode, KeyError, Result};
use crate::secret::Secret;

mod fault;
mod key;
mod objects;
mod sessions;

pub use key::Pkcs11Key;

/// A PKCS#11 module: the maker's library, which runs inside this process and is trusted like any other code in it.
///
/// Load it once and clone it: the module is shut down when the last clone, and the last key of it, is dropped.
#[derive(Clone)]
pub struct Pkcs11Module(Arc<Loaded>);

/// A token of a module, to which this process may log in.
///
/// Clones are the same token: a PIN that one of them saw refused is not tried again by the others.
#[derive(Clone)]
pub struct Pkcs11Token {
    module: Pkcs11Module,
    slot: Slot,
    info: Arc<TokenInfo>,
    /// Whether the process is logged in, or why that failed: a token locks itself when a wrong PIN is repeated.
    login: Arc<Mutex<Option<Result<(), KeyError>>>>,
}

struct Loaded {
    context: Pkcs11,
    is_started_here: bool,
}

impl Pkcs11Module {
    /// Loads a module and starts it up.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key): `key.module`.
    pub fn load(path: &Path) -> Result<Pkcs11Module> {
        let unusable = |what: String| KeyError::new(ErrorCode::KeyModule).detail(printable(&what));
        let context = Pkcs11::new(path).map_err(|error| unusable(error.to_string()))?;
        let is_started_here = match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => true,
            // Someone else in this process uses it, and shuts it down.
            Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(error) => return Err(unusable(fault::name(&error)).into()),
        };
        Ok(Pkcs11Module(Arc::new(Loaded { context, is_started_here })))
    }

    /// The one token that `uri` names.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key): `key.token` and `key.token-several`, each with the labels of the tokens in
    /// question; `key.gone` when the slots can't be read.
    pub fn token(&self, uri: &Pkcs11Uri) -> Result<Pkcs11Token> {
        let mut found = Vec::new();
        let mut others = Vec::new();
        for slot in self.0.context.get_slots_with_token().map_err(fault_of)? {
            // A slot that can't be read is one that is not there.
            let Ok(info) = self.0.context.get_token_info(slot) else { continue };
            if !info.token_initialized() {
                continue;
            }
            match self.is_meant(uri, slot, &info) {
                true => found.push((slot, info)),
                false => others.push(printable(info.label())),
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some((slot, info)), true) => {
                Ok(Pkcs11Token { module: self.clone(), slot, info: Arc::new(info), login: Arc::default() })
            }
            (Some(last), false) => {
                let names = found.iter().chain([&last]).map(|(_, info)| {
                    format!("{} (serial {})", printable(info.label()), printable(info.serial_number()))
                });
                Err(KeyError { choices: names.collect(), ..KeyError::new(ErrorCode::KeyTokenSeveral) }.into())
            }
            (None, _) => Err(KeyError { choices: others, ..KeyError::new(ErrorCode::KeyToken) }.into()),
        }
    }

    fn is_meant(&self, uri: &Pkcs11Uri, slot: Slot, info: &TokenInfo) -> bool {
        let fits = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|asked| asked == is);
        let slot_fits = || {
            let Ok(info) = self.0.context.get_slot_info(slot) else { return false };
            fits(&uri.slot_manufacturer, info.manufacturer_id()) && fits(&uri.slot_description, info.slot_description())
        };
        fits(&uri.token, info.label())
            && fits(&uri.manufacturer, info.manufacturer_id())
            && fits(&uri.model, info.model())
            && fits(&uri.serial, info.serial_number())
            && uri.slot_id.is_none_or(|asked| asked == slot.id())
            && (uri.slot_manufacturer.is_none() && uri.slot_description.is_none() || slot_fits())
    }
}

impl Pkcs11Token {
    /// What the token is called.
    #[must_use]
    pub fn label(&self) -> String {
        printable(self.info.label())
    }

    /// Whether a PIN must be given: not where it is typed on the device itself.
    #[must_use]
    pub fn needs_pin(&self) -> bool {
        self.info.login_required() && !self.info.protected_authentication_path()
    }

    /// Whether one more wrong PIN locks the token: worth a question before it is tried.
    #[must_use]
    pub fn is_last_try(&self) -> bool {
        self.info.user_pin_final_try()
    }

    /// Logs this process in, once.
    fn login(&self, session: &Session, pin: Option<&Secret>) -> Result<()> {
        if !self.info.login_required() {
            return Ok(());
        }
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        if login.is_none() {
            let tried = self.try_login(session, pin);
            // Where no PIN was given, none was tried.
            if tried.is_ok() || pin.is_some() {
                *login = Some(tried.clone());
            }
            return Ok(tried?);
        }
        Ok(login.clone().unwrap_or(Ok(()))?)
    }

    fn try_login(&self, session: &Session, pin: Option<&Secret>) -> Result<(), KeyError> {
        if self.info.user_pin_locked() {
            return Err(KeyError::new(ErrorCode::KeyPinLocked));
        }
        let answer = match (pin, self.needs_pin()) {
            (_, false) => session.login(UserType::User, None),
            (Some(pin), true) => {
                session.login_with_raw(UserType::User, &RawAuthPin::new(Box::new(pin.expose().to_vec())))
            }
            (None, true) => return Err(KeyError::new(ErrorCode::KeyPin)),
        };
        match answer {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => Err(fault::key_fault(&error)),
        }
    }

    fn open_session(&self) -> Result<Session, TokenError> {
        self.module.0.context.open_ro_session(self.slot)
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        if self.is_started_here {
            // Nobody is left to whom a fault could be said.
            let _ = self.context.clone().finalize();
        }
    }
}

impl fmt::Debug for Pkcs11Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Module").finish_non_exhaustive()
    }
}

impl fmt::Debug for Pkcs11Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Token").field("label", &self.label()).finish_non_exhaustive()
    }
}
