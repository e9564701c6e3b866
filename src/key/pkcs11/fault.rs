//! What a module's return codes mean to a caller.

use cryptoki::error::{Error as TokenError, RvError};

use crate::error::{Error, ErrorCode, KeyError};

/// The fault as one of this crate, with the module's own word for it.
pub(super) fn key_fault(error: &TokenError) -> KeyError {
    let code = match error {
        TokenError::Pkcs11(code, _) => code_of(code),
        TokenError::NullFunctionPointer | TokenError::MissingSymbol(_) | TokenError::NotSupported => {
            ErrorCode::KeyMechanism
        }
        _ => ErrorCode::KeyFailed,
    };
    KeyError::new(code).detail(name(error))
}

pub(super) fn fault_of(error: TokenError) -> Error {
    key_fault(&error).into()
}

/// The module's word, as the standard writes it: `CKR_PIN_INCORRECT`.
pub(super) fn name(error: &TokenError) -> String {
    let TokenError::Pkcs11(code, _) = error else { return printable(&error.to_string()) };
    let mut name = String::from("CKR");
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// Text of a token without what would move a terminal's cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn code_of(code: &RvError) -> ErrorCode {
    match code {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => ErrorCode::KeyPin,
        RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized => ErrorCode::KeyPinLocked,
        RvError::DeviceRemoved
        | RvError::DeviceError
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::CryptokiNotInitialized => ErrorCode::KeyGone,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::KeyTypeInconsistent
        | RvError::KeyFunctionNotPermitted
        | RvError::KeySizeRange
        | RvError::FunctionNotSupported
        | RvError::CurveNotSupported
        | RvError::ActionProhibited
        | RvError::DataLenRange => ErrorCode::KeyMechanism,
        _ => ErrorCode::KeyFailed,
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    fn fault(code: RvError) -> KeyError {
        key_fault(&TokenError::Pkcs11(code, Function::Sign))
    }

    #[test]
    fn faults_that_all_documents_share_are_told_apart() {
        for (rv, code, name) in [
            (RvError::PinIncorrect, ErrorCode::KeyPin, "CKR_PIN_INCORRECT"),
            (RvError::PinLocked, ErrorCode::KeyPinLocked, "CKR_PIN_LOCKED"),
            (RvError::DeviceRemoved, ErrorCode::KeyGone, "CKR_DEVICE_REMOVED"),
            (RvError::SessionHandleInvalid, ErrorCode::KeyGone, "CKR_SESSION_HANDLE_INVALID"),
            (RvError::MechanismInvalid, ErrorCode::KeyMechanism, "CKR_MECHANISM_INVALID"),
            (RvError::GeneralError, ErrorCode::KeyFailed, "CKR_GENERAL_ERROR"),
        ] {
            let fault = fault(rv);
            assert_eq!((fault.code, fault.detail.as_deref()), (code, Some(name)));
            assert_eq!(code.scope(), crate::Scope::Run);
        }
    }

    #[test]
    fn what_a_token_says_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
