"""The numbers that this dialect has for time zones, and the IANA zone behind each (huawei-api 4)."""

from __future__ import annotations

DEFAULT_ID = "56"

# id: (offset as the vendor prints it, IANA zone to reckon with). The printed offsets are frozen; zones are not.
ZONES: dict[str, tuple[str, str]] = {
    "1": ("-12:00", "Etc/GMT+12"),
    "2": ("-11:00", "Pacific/Pago_Pago"),
    "3": ("-10:00", "Pacific/Honolulu"),
    "4": ("-09:00", "America/Anchorage"),
    "5": ("-08:00", "America/Los_Angeles"),
    "6": ("-07:00", "America/Phoenix"),
    "7": ("-07:00", "America/Denver"),
    "8": ("-06:00", "America/Guatemala"),
    "9": ("-06:00", "America/Chicago"),
    "10": ("-06:00", "America/Mexico_City"),
    "11": ("-06:00", "America/Regina"),
    "12": ("-05:00", "America/Bogota"),
    "13": ("-05:00", "America/New_York"),
    "14": ("-05:00", "America/Indiana/Indianapolis"),
    "15": ("-04:00", "America/Halifax"),
    "16": ("-04:00", "America/Caracas"),
    "17": ("-04:00", "America/Santiago"),
    "18": ("-03:30", "America/St_Johns"),
    "19": ("-03:00", "America/Sao_Paulo"),
    "20": ("-03:00", "America/Argentina/Buenos_Aires"),
    "21": ("-03:00", "America/Nuuk"),
    "22": ("-02:00", "Atlantic/South_Georgia"),
    "23": ("-01:00", "Atlantic/Azores"),
    "24": ("-01:00", "Atlantic/Cape_Verde"),
    "25": ("+00:00", "Africa/Monrovia"),
    "26": ("+00:00", "Europe/London"),
    "27": ("+01:00", "Europe/Berlin"),
    "28": ("+01:00", "Europe/Budapest"),
    "29": ("+01:00", "Europe/Paris"),
    "30": ("+01:00", "Europe/Warsaw"),
    "31": ("+01:00", "Africa/Lagos"),
    "32": ("+02:00", "Europe/Athens"),
    "33": ("+02:00", "Europe/Bucharest"),
    "34": ("+02:00", "Africa/Cairo"),
    "35": ("+02:00", "Africa/Johannesburg"),
    "36": ("+02:00", "Europe/Helsinki"),
    "37": ("+02:00", "Asia/Jerusalem"),
    "38": ("+03:00", "Asia/Baghdad"),
    "39": ("+03:00", "Asia/Riyadh"),
    "40": ("+03:00", "Europe/Moscow"),
    "41": ("+03:00", "Africa/Nairobi"),
    "42": ("+03:30", "Asia/Tehran"),
    "43": ("+04:00", "Asia/Dubai"),
    "44": ("+04:00", "Asia/Tbilisi"),
    "45": ("+04:30", "Asia/Kabul"),
    "46": ("+05:00", "Asia/Yekaterinburg"),
    "47": ("+05:00", "Asia/Karachi"),
    "48": ("+05:30", "Asia/Kolkata"),
    "49": ("+05:45", "Asia/Kathmandu"),
    "50": ("+06:00", "Asia/Almaty"),
    "51": ("+06:00", "Asia/Dhaka"),
    "52": ("+06:00", "Asia/Colombo"),
    "53": ("+06:30", "Asia/Yangon"),
    "54": ("+07:00", "Asia/Bangkok"),
    "55": ("+07:00", "Asia/Krasnoyarsk"),
    "56": ("+08:00", "Asia/Shanghai"),
    "57": ("+08:00", "Asia/Ulaanbaatar"),
    "58": ("+08:00", "Asia/Singapore"),
    "59": ("+08:00", "Australia/Perth"),
    "60": ("+09:00", "Asia/Tokyo"),
    "61": ("+09:00", "Asia/Seoul"),
    "62": ("+09:00", "Asia/Yakutsk"),
    "63": ("+09:30", "Australia/Adelaide"),
    "64": ("+09:30", "Australia/Darwin"),
    "65": ("+10:00", "Australia/Brisbane"),
    "66": ("+10:00", "Australia/Sydney"),
    "67": ("+10:00", "Pacific/Port_Moresby"),
    "68": ("+10:00", "Australia/Hobart"),
    "69": ("+10:00", "Asia/Vladivostok"),
    "70": ("+11:00", "Pacific/Guadalcanal"),
    "71": ("+12:00", "Pacific/Auckland"),
    "72": ("+12:00", "Pacific/Fiji"),
    "73": ("+13:00", "Pacific/Tongatapu"),
    "74": ("+09:00", "Asia/Irkutsk"),
    "75": ("+00:00", "Africa/Casablanca"),
    "76": ("+04:00", "Asia/Baku"),
    "77": ("+12:00", "Asia/Kamchatka"),
}

# A zone has several numbers where the vendor lists its cities apart; the first one is told.
_IDS = {zone: id for id, (_, zone) in reversed(list(ZONES.items()))}

# Zones that were set elsewhere (a tenant's default, another dialect) and stand in no row of their own.
_ALIKE = {
    "UTC": "25",
    "Etc/UTC": "25",
    "Europe/Lisbon": "26",
    "Europe/Dublin": "26",
    "Asia/Hong_Kong": "56",
    "Asia/Taipei": "56",
    "Asia/Macau": "56",
    "Asia/Urumqi": "56",
    "Europe/Madrid": "29",
    "Europe/Rome": "27",
    "Europe/Vienna": "27",
    "Europe/Amsterdam": "27",
    "Europe/Stockholm": "27",
    "Europe/Zurich": "27",
    "Europe/Prague": "28",
    "Africa/Harare": "35",
    "America/Lima": "12",
}


def zone_of(id: str) -> str:
    """The IANA zone of a number. Raises KeyError for one that does not exist."""
    return ZONES[id][1]


def id_of(zone: str) -> str:
    """The number to print for an IANA zone; the default's where there is none like it."""
    return _IDS.get(zone) or _ALIKE.get(zone) or DEFAULT_ID
