//! Gateways: whether their values go together.

use gateway::GatewayConfig;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::Draft;

pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    mistakes.extend(draft.gateways.iter().filter_map(|placed| {
        let (key, error) = placed.value.check().err()?;
        Some(draft.mistake(placed, &[key.into()], error.to_string()))
    }));
}

/// The gateways, with their devices seen from their file.
pub(super) fn take(draft: &mut Draft<'_>) -> Vec<GatewayConfig> {
    let folders: Vec<_> =
        draft.gateways.iter().map(|gateway| draft.folder(gateway).to_owned()).collect();
    let gateways = std::mem::take(&mut draft.gateways).into_iter().zip(folders);
    gateways
        .map(|(placed, folder)| {
            let mut gateway = placed.value;
            if let Some(serial) = &mut gateway.serial {
                serial.device = crate::place::absolute(&folder.join(&serial.device));
            }
            gateway
        })
        .collect()
}
