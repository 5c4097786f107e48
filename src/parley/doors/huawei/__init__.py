"""The JSON dialect (Huawei Cloud Meeting's server API) over the use cases. Knows no SQL, SIP or media."""
