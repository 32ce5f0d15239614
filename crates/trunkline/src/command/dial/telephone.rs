//! Telephone calls, which need a modem that this command doesn't have.

use carrier::Address;

/// What to do instead, when what is dialled leads through real modems alone.
pub(super) fn instead(target: &str, addresses: &[Address]) -> Option<String> {
    let by_telephone = |address: &Address| matches!(address, Address::Modem { .. });
    if !target.starts_with("modem:")
        && (addresses.is_empty() || !addresses.iter().all(by_telephone))
    {
        return None;
    }
    Some(format!(
        "{target}: a real modem belongs to the running instance, and this command has none. Dial through one of the \
         instance's lines instead: open the line's terminal, and type ATDT with a number of the phonebook that leads \
         to the modem (modem:NAME/NUMBER). While no instance runs, a terminal program on the modem's port does it"
    ))
}
