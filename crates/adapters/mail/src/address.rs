//! Addresses as mail servers take them.

use lettre::Address;
use lettre::address::AddressError;
use musubi_kernel::email::EmailAddress;
use url::Host;

/// The address for a mail server (RFC 5321, 4.1.2): international names of domains in ASCII, and what is no dot-string in
/// quotes. Japanese phone companies gave out addresses such as `hana..ko.@docomo.ne.jp`.
pub(crate) fn address(email: &EmailAddress) -> Result<Address, AddressError> {
    let (local, domain) = email.as_str().rsplit_once('@').ok_or(AddressError::MissingParts)?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(AddressError::InvalidDomain) };
    if local.split('.').any(str::is_empty) {
        Address::new(format!("\"{local}\""), domain)
    } else {
        Address::new(local, domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_servers_read_them() {
        for (email, written) in [
            ("hanako@example.jp", "hanako@example.jp"),
            ("first.last+tag@mail.example.co.jp", "first.last+tag@mail.example.co.jp"),
            ("hana..ko.@docomo.ne.jp", "\"hana..ko.\"@docomo.ne.jp"),
            (".hanako@docomo.ne.jp", "\".hanako\"@docomo.ne.jp"),
            ("花子@example.jp", "花子@example.jp"),
            ("hanako@日本.example", "hanako@xn--wgv71a.example"),
        ] {
            let address = address(&email.parse().expect("an address")).expect("an address");
            assert_eq!(address.to_string(), written);
        }
    }

    #[test]
    fn what_no_server_takes_is_an_error() {
        for email in ["hanako@1.2.3.4", &format!("{}.@docomo.ne.jp", "a".repeat(63))] {
            assert!(address(&email.parse().expect("an address")).is_err(), "{email}");
        }
    }
}
