//! Flow control on a serial port.

/// Flow control on a serial port, whatever is at its other end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowConfig {
    /// None.
    None,
    /// RTS/CTS, by wire.
    #[default]
    RtsCts,
    /// XON/XOFF, in the data: these two characters then can't be sent.
    XonXoff,
}
