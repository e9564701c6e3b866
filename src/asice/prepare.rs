//! First half.

use crate::asice::{Container, Draft, NewContainer};
use crate::error::{Error, Result};
use crate::signing::Plan;
use crate::time::Moment;

pub(crate) fn prepare(_container: &Container, _plan: &Plan, _moment: &Moment) -> Result<Draft> {
    Err(Error::Bug("skeleton"))
}

pub(crate) fn prepare_new(_new: &NewContainer, _plan: &Plan, _moment: &Moment) -> Result<Draft> {
    Err(Error::Bug("skeleton"))
}
