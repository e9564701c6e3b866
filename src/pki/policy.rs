//! Certificate policies along a path (RFC 5280, 6.1.2 to 6.1.5).
//!
//! Every policy is welcome to us, so of the tree of policies only its lowest level is kept: whether anything is left
//! there decides, and its size is bounded by what the certificates hold (a tree can grow exponentially, RFC 9618).

use std::collections::BTreeSet;

use super::oid;
use crate::der::{self, Reader};
use crate::error::{PathFault, Result};

/// What a certificate says about policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    /// Contents of the object identifiers; `None` where the extension is absent.
    pub(crate) policies: Option<Vec<Vec<u8>>>,
    mappings: Vec<(Vec<u8>, Vec<u8>)>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    pub(super) inhibit_any: Option<u32>,
}

impl Policies {
    pub(super) fn read_policies(&mut self, mut list: Reader<'_>) -> Result<()> {
        let mut policies = Vec::new();
        while !list.is_empty() {
            let mut policy = list.sequence()?;
            policies.push(policy.read(der::OID)?.content().to_vec());
            policy.optional(der::SEQUENCE)?;
            policy.end()?;
        }
        self.policies = Some(policies);
        Ok(())
    }

    pub(super) fn read_mappings(&mut self, mut list: Reader<'_>) -> Result<()> {
        while !list.is_empty() {
            let mut mapping = list.sequence()?;
            let from = mapping.read(der::OID)?.content().to_vec();
            let to = mapping.read(der::OID)?.content().to_vec();
            mapping.end()?;
            self.mappings.push((from, to));
        }
        Ok(())
    }

    pub(super) fn read_constraints(&mut self, mut inside: Reader<'_>) -> Result<()> {
        // The numbers are tagged in place of INTEGER.
        let mut number = |tag| inside.optional(der::context_primitive(tag))?.map(|number| number.small()).transpose();
        self.require_explicit = number(0)?;
        self.inhibit_mapping = number(1)?;
        inside.end()
    }
}

/// Which policies are left after some certificates, and how many more may pass before a rule takes effect.
#[derive(Debug)]
pub(super) struct PolicyState<'a> {
    /// What the next certificate may assert; `None`: nothing is left.
    expected: Option<BTreeSet<&'a [u8]>>,
    explicit: u32,
    mapping: u32,
    any: u32,
}

impl<'a> PolicyState<'a> {
    /// The state at an anchor with `length` certificates below it.
    pub(super) fn new(length: usize) -> Self {
        let later = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(1);
        PolicyState { expected: Some(BTreeSet::from([oid::ANY_POLICY])), explicit: later, mapping: later, any: later }
    }

    /// Passes an issuer.
    pub(super) fn pass_issuer(&mut self, own: &'a Policies, is_self_issued: bool) -> Result<(), PathFault> {
        self.assert(own, self.any > 0 || is_self_issued)?;
        self.map(own)?;
        if !is_self_issued {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        self.explicit = self.explicit.min(own.require_explicit.unwrap_or(u32::MAX));
        self.mapping = self.mapping.min(own.inhibit_mapping.unwrap_or(u32::MAX));
        self.any = self.any.min(own.inhibit_any.unwrap_or(u32::MAX));
        Ok(())
    }

    /// Ends at the last certificate.
    pub(super) fn pass_last(mut self, own: &'a Policies) -> Result<(), PathFault> {
        self.assert(own, self.any > 0)?;
        let is_required = self.explicit <= 1 || own.require_explicit == Some(0);
        if is_required && self.expected.is_none() { Err(PathFault::Policy) } else { Ok(()) }
    }

    /// RFC 5280, 6.1.3 (d) to (f).
    fn assert(&mut self, own: &'a Policies, may_be_any: bool) -> Result<(), PathFault> {
        let expected = self.expected.take();
        if let (Some(expected), Some(asserted)) = (expected, &own.policies) {
            let mut left = BTreeSet::new();
            for policy in asserted.iter().map(Vec::as_slice) {
                if policy == oid::ANY_POLICY {
                    if may_be_any {
                        left.extend(&expected);
                    }
                } else if expected.contains(policy) || expected.contains(oid::ANY_POLICY) {
                    left.insert(policy);
                }
            }
            self.expected = (!left.is_empty()).then_some(left);
        }
        if self.explicit == 0 && self.expected.is_none() { Err(PathFault::Policy) } else { Ok(()) }
    }

    /// RFC 5280, 6.1.4 (a) and (b).
    fn map(&mut self, own: &'a Policies) -> Result<(), PathFault> {
        let any = oid::ANY_POLICY;
        if own.mappings.iter().any(|(from, to)| from == any || to == any) {
            return Err(PathFault::Policy);
        }
        let Some(asserted) = self.expected.take() else { return Ok(()) };
        let mut left = asserted.clone();
        for (from, _) in &own.mappings {
            left.remove(from.as_slice());
        }
        if self.mapping > 0 {
            let is_asserted = |from: &[u8]| asserted.contains(from) || asserted.contains(any);
            left.extend(own.mappings.iter().filter(|(from, _)| is_asserted(from)).map(|(_, to)| to.as_slice()));
        }
        self.expected = (!left.is_empty()).then_some(left);
        Ok(())
    }
}
