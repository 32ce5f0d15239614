//! Who may look and who may act: operators with passwords, machines with tokens.

use std::path::Path;
use std::sync::Arc;

use password::{Decoy, Kept, PasswordError};
use settings::{Secret, SecretError};
use subtle::ConstantTimeEq as _;

use crate::config::{OperatorConfig, Role, TokenConfig};
use crate::limits;
use crate::random::{Digest, digest};

/// Operators and machines, with their secrets fetched.
#[derive(Debug)]
pub struct Staff {
    operators: Vec<Operator>,
    tokens: Vec<Token>,
    pub(crate) decoy: Arc<Decoy>,
}

/// An operator.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) kept: Arc<Kept>,
    /// Changes when his password does.
    pub(crate) mark: Digest,
}

/// A machine that may ask.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) role: Role,
    digest: Digest,
}

/// Who on the staff is wrong, and why.
#[derive(Debug, thiserror::Error)]
#[error("{who}")]
pub struct StaffError {
    /// Which of the operators or tokens, counted from zero.
    pub number: usize,
    /// What is wrong with him.
    #[source]
    pub fault: StaffFault,
    who: String,
}

/// What is wrong with an operator or a token.
#[derive(Debug, thiserror::Error)]
pub enum StaffFault {
    /// The name is empty, too long, or can't be typed.
    #[error("expected a name of up to {} letters, digits, `.`, `_`, `@` and `-`", limits::NAME)]
    Name,
    /// There is one of this name.
    #[error("there are two of this name")]
    Twice,
    /// There are too many.
    #[error("there are more than {0} of them")]
    TooMany(usize),
    /// The secret can't be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The password can't be one.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The token can be guessed, or its hash is given, which a token's check can't use.
    #[error(
        "a token has at least {} characters and is no hash; try: openssl rand -hex 20",
        limits::TOKEN
    )]
    Weak,
}

impl StaffFault {
    /// Whether it is the secret that is wrong, and not the name.
    pub const fn is_of_secret(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Password(_) | Self::Weak)
    }
}

impl Staff {
    /// These operators and tokens. Relative paths to secrets start at `base`.
    ///
    /// # Errors
    /// The first who is wrong; an operator before any token.
    pub fn new(
        operators: &[OperatorConfig],
        tokens: &[TokenConfig],
        base: &Path,
    ) -> Result<Self, StaffError> {
        let operators = checked(
            "operator",
            limits::OPERATORS,
            operators,
            |config| &config.name,
            |config| {
                let kept = Kept::read(config.password.resolve(base)?)?;
                let mark = digest(kept.mark().expose());
                Ok(Operator {
                    name: config.name.clone(),
                    role: config.role,
                    kept: Arc::new(kept),
                    mark,
                })
            },
        )?;
        let tokens = checked(
            "token",
            limits::TOKENS,
            tokens,
            |config| &config.name,
            |config| {
                let secret = config.secret.resolve(base)?;
                let weak = secret.len() < limits::TOKEN || secret.expose().starts_with(b"$");
                if weak {
                    return Err(StaffFault::Weak);
                }
                let digest = digest(secret.expose());
                Ok(Token { name: config.name.clone(), role: config.role, digest })
            },
        )?;
        let decoy = decoy_like(&operators);
        Ok(Self { operators, tokens, decoy: Arc::new(decoy) })
    }

    /// How many operators there are.
    pub fn operators(&self) -> usize {
        self.operators.len()
    }

    pub(crate) fn operator(&self, name: &str) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.name == name)
    }

    /// Whose token this is. Looks at all of them, whichever it is.
    pub(crate) fn token(&self, secret: &Secret) -> Option<&Token> {
        let digest = digest(secret.expose());
        let mut found = None;
        for token in &self.tokens {
            if bool::from(token.digest.ct_eq(&digest)) {
                found = Some(token);
            }
        }
        found
    }
}

fn checked<C, T>(
    what: &str,
    most: usize,
    configs: &[C],
    name: impl Fn(&C) -> &String,
    make: impl Fn(&C) -> Result<T, StaffFault>,
) -> Result<Vec<T>, StaffError> {
    let one = |(number, config): (usize, &C)| {
        let own = name(config);
        let earlier = configs.get(..number).unwrap_or_default();
        let made = if !is_name(own) {
            Err(StaffFault::Name)
        } else if number >= most {
            Err(StaffFault::TooMany(most))
        } else if earlier.iter().any(|other| name(other) == own) {
            Err(StaffFault::Twice)
        } else {
            make(config)
        };
        made.map_err(|fault| StaffError { number, fault, who: format!("{what} `{own}`") })
    };
    configs.iter().enumerate().map(one).collect()
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    !name.is_empty() && name.len() <= limits::NAME && name.chars().all(plain)
}

/// A decoy that costs as much as the most costly password.
fn decoy_like(operators: &[Operator]) -> Decoy {
    let costs = operators.iter().filter_map(|operator| operator.kept.cost());
    let most = costs.max_by_key(|cost| u64::from(cost.memory) * u64::from(cost.passes));
    Decoy::new(most.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use settings::SecretRef;

    fn given(text: &str) -> SecretRef {
        SecretRef::Given(Arc::new(Secret::new(text.as_bytes().to_vec())))
    }

    fn operator(name: &str) -> OperatorConfig {
        OperatorConfig { name: name.into(), password: given("p"), role: Role::Viewer }
    }

    fn token(name: &str, secret: &str) -> TokenConfig {
        TokenConfig { name: name.into(), secret: given(secret), role: Role::Operator }
    }

    fn staff(operators: &[OperatorConfig], tokens: &[TokenConfig]) -> Result<Staff, StaffError> {
        Staff::new(operators, tokens, Path::new("/"))
    }

    #[test]
    fn tokens_are_found_by_their_whole_secret_only() {
        let secret = "0123456789abcdef0123456789abcdef";
        let staff = staff(&[], &[token("a", &secret.replace('0', "x")), token("b", secret)]);
        let staff = staff.unwrap();
        let whose = |text: &str| {
            let secret = Secret::new(text.as_bytes().to_vec());
            staff.token(&secret).map(|token| token.name.clone())
        };
        assert_eq!(whose(secret).as_deref(), Some("b"));
        assert_eq!(whose(&secret[1..]), None);
        assert_eq!(whose(""), None);
    }

    #[test]
    fn wrong_ones_are_named() {
        let refused = |operators: &[OperatorConfig], tokens: &[TokenConfig]| {
            let error = staff(operators, tokens).unwrap_err();
            format!("{} {error}: {}", error.number, error.fault)
        };
        assert!(
            refused(&[operator("a"), operator("a")], &[]).starts_with("1 operator `a`: there are")
        );
        assert!(refused(&[operator("a b")], &[]).contains("expected a name"));
        assert!(refused(&[], &[token("a", "short")]).contains("at least 20"));
        assert!(
            refused(&[], &[token("a", &format!("$argon2id{}", "x".repeat(40)))])
                .contains("no hash")
        );
    }
}
