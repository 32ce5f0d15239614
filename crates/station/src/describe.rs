//! What the centre is told of the points, so that it can ask for them by name.

use modbus::pdu::Dialect;
use telemetry::Description;

use crate::config::DeviceConfig;

/// The points of a device. Addresses are those that the device has, and units those by which the centre asks.
pub(crate) fn points(device: &DeviceConfig) -> impl Iterator<Item = Description> + '_ {
    device.points.iter().map(|point| {
        let address = point.address.0;
        let kind = point.kind.map_or_else(|| "u16".to_owned(), |kind| kind.0.to_string());
        Description {
            device: device.name.clone(),
            unit: device.unit_at_centre(),
            point: point.name.clone(),
            address: format!("{}:{}", address.table.letter(), address.number),
            kind: match device.extent(point) {
                _ if point.is_bit() => String::new(),
                // A centre that can't ask for such leaves it out.
                Ok((_, Dialect::Enron)) => format!("{kind} enron"),
                _ => kind,
            },
            order: point.order.map(|order| order.0).unwrap_or_default().to_string(),
            scale: point.scale,
            offset: point.offset,
            measure: point.measure.clone(),
        }
    })
}
