//! How an account's program is started: what of it stands fast, and what each call adds.

use std::ffi::OsString;
use std::path::PathBuf;

use tty::{Program, Resource, User};

use crate::account::AccountFault;
use crate::config::{AccountConfig, Privileges, ProcessConfig};
use crate::environment::{OfCall, environment};
use crate::limits;
use crate::terminal;

/// What of an account's program stands fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) argv: Vec<String>,
    pub(crate) argv0: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) terminal: String,
    pub(crate) process: ProcessConfig,
    pub(crate) privileges: Privileges,
}

impl Recipe {
    /// What a table says, if that can be.
    pub(crate) fn new(table: &AccountConfig) -> Result<Self, AccountFault> {
        let recipe = Self {
            argv: table.program.clone(),
            argv0: table.argv0.clone(),
            user: table.user.clone(),
            directory: table.directory.clone(),
            environment: table.environment.clone().into_iter().collect(),
            terminal: table.terminal.clone(),
            process: table.process.clone(),
            privileges: table.privileges,
        };
        recipe.check()?;
        Ok(recipe)
    }

    /// Whether it can be.
    pub(crate) fn check(&self) -> Result<(), AccountFault> {
        let program = self.argv.first().ok_or(AccountFault::NoProgram)?;
        // A relative path would be looked for in whatever directory the exchange was started from.
        if !program.starts_with('/') {
            return Err(AccountFault::RelativeProgram { program: program.clone() });
        }
        if self.argv.iter().any(|argument| argument.contains('\0')) {
            return Err(AccountFault::NulInProgram);
        }
        if self.argv0.as_ref().is_some_and(|name| name.is_empty() || name.contains('\0')) {
            return Err(AccountFault::Argv0);
        }
        for (name, value) in &self.environment {
            check_variable(name, value)?;
        }
        if !terminal::is_terminal_type(&self.terminal) {
            return Err(AccountFault::Terminal { terminal: self.terminal.clone() });
        }
        Ok(())
    }

    /// The program for one call of `account`, run by `user` once it is started as him.
    pub(crate) fn program(&self, account: &str, user: &User, told: OfCall) -> Program {
        let mut argv: Vec<OsString> = self.argv.iter().map(Into::into).collect();
        if let (Some(own), Some(first)) = (&self.argv0, argv.first_mut()) {
            *first = own.into();
        }
        Program {
            argv,
            env: environment(account, self, user, told),
            dir: self.directory(user),
            user: self.user.clone(),
            privileges: match self.privileges {
                Privileges::NeverGained => tty::Privileges::NeverGained,
                Privileges::Usual => tty::Privileges::Usual,
            },
            limits: self.resource_limits(),
            nice: self.process.nice.map_or(0, |nice| nice.0),
            ..Program::new(self.argv.first().map(String::as_str).unwrap_or_default())
        }
    }

    /// What the program may use up, as the kernel counts it.
    fn resource_limits(&self) -> Vec<tty::Limit> {
        let process = &self.process;
        // The kernel counts whole seconds; less than one would be no limit at all.
        let cpu = process.cpu.map(|cpu| cpu.0.as_secs().max(1));
        let limits = [
            (Resource::Cpu, cpu),
            (Resource::As, process.memory.map(|size| size.0)),
            (Resource::Nofile, Some(process.files.unwrap_or(limits::PROGRAM_FILES))),
            (Resource::Nproc, process.processes),
            (Resource::Fsize, process.file_size.map(|size| size.0)),
            // A program's memory may hold secrets, and its directory is no place for them.
            (Resource::Core, Some(0)),
        ];
        let set = limits.into_iter().filter_map(|(resource, value)| Some((resource, value?)));
        set.map(|(resource, value)| tty::Limit { resource, value }).collect()
    }

    /// The account's directory, or the user's home if he has one.
    fn directory(&self, user: &User) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.clone(),
            None if self.user.is_some() && user.home.is_dir() => user.home.clone(),
            None => "/".into(),
        }
    }
}

fn check_variable(name: &str, value: &str) -> Result<(), AccountFault> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if first && rest && !value.contains('\0') {
        Ok(())
    } else {
        Err(AccountFault::Variable { name: name.to_owned() })
    }
}
