//! What a certificate says, as far as we want to know it.

use tokio_rustls::rustls::SupportedCipherSuite;
use tokio_rustls::rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::{Certificate, Fingerprint, Standing, limits};

/// The SHA-256 digest of the whole certificate.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut digest = [0; 32];
    // The suite is named for its SHA-256, which its maker has at hand.
    if let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 {
        let hash = suite.common.hash_provider.hash(certificate.as_ref());
        digest.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    }
    Fingerprint(digest)
}

pub(super) fn describe(certificate: &CertificateDer<'_>, standing: Standing) -> Certificate {
    let subject = common_name(certificate.as_ref()).map(|name| {
        let plain = |byte: u8| if byte == b' ' || byte.is_ascii_graphic() { byte } else { b'?' };
        name.iter().take(limits::SUBJECT).map(|byte| char::from(plain(*byte))).collect()
    });
    Certificate { fingerprint: fingerprint(certificate), subject, standing }
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const VERSION: u8 = 0xA0;
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The subject's last common name: RFC 5280 section 4.1, X.690 section 8.
fn common_name(certificate: &[u8]) -> Option<&[u8]> {
    let mut outer = Der(Der(certificate).take(SEQUENCE)?);
    let mut signed = Der(outer.take(SEQUENCE)?);
    if signed.0.first() == Some(&VERSION) {
        signed.next()?;
    }
    // Serial number, algorithm, issuer, validity.
    for _ in 0..4 {
        signed.next()?;
    }
    let mut subject = Der(signed.take(SEQUENCE)?);
    let mut found = None;
    while let Some(set) = subject.take(SET) {
        let mut attributes = Der(set);
        while let Some(attribute) = attributes.take(SEQUENCE) {
            let mut attribute = Der(attribute);
            if attribute.take(OBJECT)? == COMMON_NAME {
                found = attribute.next().map(|(_, text)| text);
            }
        }
    }
    found
}

/// Values in DER, one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        match self.next()? {
            (found, content) if found == tag => Some(content),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (length, rest) = match *length {
            short @ ..=0x7F => (usize::from(short), rest),
            // Certificates of more than 16 MiB don't get this far.
            long @ 0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
                (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(name: &str) -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::new(["h.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "The Water Board");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn the_common_name_is_found_and_can_do_no_harm() {
        let subject = |name: &str| describe(&made(name), Standing::Unchecked).subject;
        assert_eq!(subject("site-0042").as_deref(), Some("site-0042"));
        assert_eq!(subject("a\u{1b}[2J\nb").as_deref(), Some("a?[2J?b"));
        assert_eq!(subject(&"x".repeat(300)).map(|name| name.len()), Some(limits::SUBJECT));
    }

    #[test]
    fn the_digest_is_sha_256() {
        let empty = CertificateDer::from(Vec::new());
        let known = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fingerprint(&empty).to_string(), known);
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_upsets_nobody(at in 0usize..400, with: u8, cut in 0usize..400) {
            let mut der = made("x").to_vec();
            if let Some(byte) = der.get_mut(at) { *byte = with; }
            der.truncate(der.len().saturating_sub(cut));
            let _ = common_name(&der);
        }
    }
}
