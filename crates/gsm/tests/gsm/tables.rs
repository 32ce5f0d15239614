//! What modules of each dialect answer, as their makers' documents have it.

/// What a module answers to whatever begins like this; the first that fits counts.
pub(crate) type Table = &'static [(&'static str, &'static str)];

/// What all of them answer, where their own tables don't say.
pub(crate) const GENERAL: Table = &[
    ("ATE0V1Q0", "\r\nOK\r\n"),
    ("AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
    ("AT+CPIN=", "\r\nOK\r\n"),
    ("AT+CREG?", "\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
    ("AT+CGREG?", "\r\n+CGREG: 0,1\r\n\r\nOK\r\n"),
    ("AT+CEREG?", "\r\n+CEREG: 0,1\r\n\r\nOK\r\n"),
    ("AT+CSQ", "\r\n+CSQ: 17,0\r\n\r\nOK\r\n"),
    ("AT+COPS?", "\r\n+COPS: 0,0,\"Example Net\"\r\n\r\nOK\r\n"),
    ("AT+CGSN", "\r\n004999010640000\r\n\r\nOK\r\n"),
    ("AT", "\r\nOK\r\n"),
];

pub(crate) const WAVECOM: Table = &[
    ("AT+CGMI", "\r\n WAVECOM MODEM\r\n\r\nOK\r\n"),
    ("AT+WOPEN?", "\r\n+WOPEN: 1\r\n\r\nOK\r\n"),
    ("AT+WIPBR?", "\r\n+WIPBR: 6,0\r\n\r\nOK\r\n"),
    ("AT+WIPCREATE=", "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n"),
    ("AT+WIPDATA=", "\r\nCONNECT\r\n"),
    ("AT+WIPCLOSE=", "\r\n+CME ERROR: 831\r\n"),
];

pub(crate) const EDSOFT: Table = &[
    ("AT+CGMI", "\r\n WAVECOM MODEM\r\n\r\nOK\r\n"),
    ("AT+CGMR", "\r\n651b09gg.Q2406B 244 041410 13:45\r\n\r\nOK\r\n"),
    // No OK behind it.
    ("AT+CPIN?", "\r\n+CPIN: READY\r\n"),
    ("AT#CONNECTIONSTART", "\r\n10.1.2.3\r\n\r\nOk_Info_GprsActivation\r\n"),
    ("AT#CONNECTIONSTOP", "\r\nOk_Info_PPP\r\n"),
    ("AT#OTCP", "\r\nOk_Info_WaitingForData\r\n"),
];

pub(crate) const SIMCOM: Table = &[
    ("AT+CGMI", "\r\nSIMCOM_Ltd\r\n\r\nOK\r\n"),
    ("AT+CIPSTATUS", "\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"),
    ("AT+CIPSHUT", "\r\nSHUT OK\r\n"),
    ("AT+CIFSR", "\r\n10.78.245.128\r\n"),
    ("AT+CIPSTART=", "\r\nOK\r\n\r\nCONNECT OK\r\n"),
    ("AT+CIPRXGET=2,", "\r\n+CIPRXGET: 2,0,0\r\n\r\nOK\r\n"),
    ("AT+CIPCLOSE", "\r\nCLOSE OK\r\n"),
];

pub(crate) const QUECTEL: Table = &[
    ("AT+CGMI", "\r\nQuectel\r\n\r\nOK\r\n"),
    ("AT+QIOPEN=", "\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n"),
    ("AT+QIRD=", "\r\n+QIRD: 0\r\n\r\nOK\r\n"),
];

/// Every dialect's name, with the module that speaks it.
pub(crate) const ALL: [(&str, Table); 4] =
    [("wavecom", WAVECOM), ("edsoft", EDSOFT), ("simcom", SIMCOM), ("quectel", QUECTEL)];
