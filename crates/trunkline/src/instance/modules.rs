//! The real GSM modules of an instance, as operators see them.

use crate::json::Json;

/// A module as it stands.
pub(super) fn shown(status: &translator::Status) -> Json {
    let module = &status.module;
    let trouble = status.trouble.as_deref();
    let network = match module.operator.as_str() {
        "" => module.registration.word().to_owned(),
        operator => format!("{operator} ({})", module.registration.word()),
    };
    Json::object([
        ("modem", status.name.as_str().into()),
        ("state", status.state.into()),
        ("service", line::Service::In.words().into()),
        ("device", status.device.as_str().into()),
        ("party", status.party.as_deref().into()),
        ("trouble", trouble.into()),
        ("dialect", module.dialect.into()),
        ("network", network.into()),
        ("dbm", module.signal.map(|dbm| Json::Number(dbm.into())).into()),
    ])
}
