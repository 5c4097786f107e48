"""Every operation of the vendor's SDK (3.1.219) and why some are left out; those answer so (huawei-api 2.10).

An operation is done when a route of this door serves it. What has no route must have a reason below.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import HuaweiError
from .requests import Request
from .router import Auth, Route

NOT_DONE = "APIGW.0106"


@dataclass(frozen=True, slots=True)
class Operation:
    """name: of the SDK's method."""

    name: str
    method: str
    path: str


# One line each: SDK method, HTTP method, path.
_ALL = """
search_qos_participant_detail GET /v1/metrics/conference/participant/qos
search_qos_participants GET /v1/metrics/conference/participants
show_qos_threshold GET /v1/metrics/conference/threshold
set_qos_threshold POST /v1/metrics/conference/threshold
search_qos_history_meetings GET /v1/metrics/conferences/history
search_qos_online_meetings GET /v1/metrics/conferences/online
search_statistic_conference_info GET /v1/metrics/dashboard/statistic/conference/info
search_statistic_conference_participant GET /v1/metrics/dashboard/statistic/conference/participant
search_statistic_resource_info GET /v1/metrics/dashboard/statistic/resource/info
search_statistic_user_info GET /v1/metrics/dashboard/statistic/user/info
allow_audience_join PUT /v1/mmc/control/conferences/allowAudience
allow_client_record PUT /v1/mmc/control/conferences/allowClientRecord
allow_waiting_participant PUT /v1/mmc/control/conferences/allowWaitingParticipant
delete_attendees POST /v1/mmc/control/conferences/attendees/delete
batch_move_to_waiting_room PUT /v1/mmc/control/conferences/batchMoveToWaitingRoom
cancel_broadcast PUT /v1/mmc/control/conferences/cancelBroadcast
set_host_view PUT /v1/mmc/control/conferences/chairView
set_custom_multi_picture PUT /v1/mmc/control/conferences/display/customMultiPicture
switch_mode PUT /v1/mmc/control/conferences/display/mode
set_multi_picture PUT /v1/mmc/control/conferences/display/multiPicture
prolong_meeting PUT /v1/mmc/control/conferences/duration
set_interpreter_group PUT /v1/mmc/control/conferences/interpreterGroup
invite_with_pwd POST /v1/mmc/control/conferences/inviteWithPwd
delete_layout DELETE /v1/mmc/control/conferences/layOut
show_layout GET /v1/mmc/control/conferences/layOut
save_layout PUT /v1/mmc/control/conferences/layOut
live PUT /v1/mmc/control/conferences/live
lock_meeting PUT /v1/mmc/control/conferences/lock
lock_view PUT /v1/mmc/control/conferences/lockView
set_mmr_live PUT /v1/mmc/control/conferences/mmrLive
set_mmr_record PUT /v1/mmc/control/conferences/mmrRecord
move_to_waiting_room PUT /v1/mmc/control/conferences/moveToWaitingRoom
mute_meeting PUT /v1/mmc/control/conferences/mute
allow_guest_unmute PUT /v1/mmc/control/conferences/mute/guestUnMute
set_participant_view PUT /v1/mmc/control/conferences/partView
invite_participant POST /v1/mmc/control/conferences/participants
batch_hand PUT /v1/mmc/control/conferences/participants/batch/hands
broadcast_participant PUT /v1/mmc/control/conferences/participants/broadcast
set_cohost PUT /v1/mmc/control/conferences/participants/cohost
hang_up POST /v1/mmc/control/conferences/participants/delete
hand PUT /v1/mmc/control/conferences/participants/hands
mute_participant PUT /v1/mmc/control/conferences/participants/mute
rename_participant PUT /v1/mmc/control/conferences/participants/name
set_role PUT /v1/mmc/control/conferences/participants/role
rollcall_participant PUT /v1/mmc/control/conferences/participants/rollCall
invite_share PUT /v1/mmc/control/conferences/participants/share/invite
invite_operate_video PUT /v1/mmc/control/conferences/participants/video
pause_conference PUT /v1/mmc/control/conferences/pause
show_real_time_info_of_meeting GET /v1/mmc/control/conferences/realTimeInfo
record PUT /v1/mmc/control/conferences/record
set_attendee_lan_channel PUT /v1/mmc/control/conferences/setAttendeeLanChannel
resume_simultaneous_interpretation PUT /v1/mmc/control/conferences/simultaneousInterpretation
stop_meeting PUT /v1/mmc/control/conferences/stop
create_conf_token GET /v1/mmc/control/conferences/token
update_started_conf_config PUT /v1/mmc/control/conferences/updateStartedConfConfig
create_web_socket_token GET /v1/mmc/control/conferences/wsToken
show_mgmt_site_status GET /v1/mmc/control/confmaintain/queryMgmtSiteStatus
list_network_quality POST /v1/mmc/cqs/media/qos
cancel_meeting DELETE /v1/mmc/management/conferences
search_meetings GET /v1/mmc/management/conferences
create_meeting POST /v1/mmc/management/conferences
update_meeting PUT /v1/mmc/management/conferences
create_anonymous_auth_random GET /v1/mmc/management/conferences/anonymous/auth
show_meeting_detail GET /v1/mmc/management/conferences/confDetail
show_conf_org GET /v1/mmc/management/conferences/confOrg
cancel_recurring_sub_meeting DELETE /v1/mmc/management/conferences/cyclesubconf
update_recurring_sub_meeting PUT /v1/mmc/management/conferences/cyclesubconf
search_his_meetings GET /v1/mmc/management/conferences/history
search_attendance_records_of_his_meeting GET /v1/mmc/management/conferences/history/confAttendeeRecord
search_ctl_records_of_his_meeting GET /v1/mmc/management/conferences/history/confCtlRecord
show_his_meeting_detail GET /v1/mmc/management/conferences/history/confDetail
search_online_meetings GET /v1/mmc/management/conferences/online
list_online_conf_attendee GET /v1/mmc/management/conferences/online/conf-attendee
show_online_meeting_detail GET /v1/mmc/management/conferences/online/confDetail
show_recording_detail GET /v1/mmc/management/conferences/record/files
show_region_info_of_meeting GET /v1/mmc/management/conferences/region/info
start_meeting POST /v1/mmc/management/conferences/start
cancel_recurring_meeting DELETE /v1/mmc/management/cycleconferences
create_recurring_meeting POST /v1/mmc/management/cycleconferences
update_recurring_meeting PUT /v1/mmc/management/cycleconferences
show_org_res GET /v1/mmc/management/orgRes
show_recording_file_download_urls GET /v1/mmc/management/record/downloadurls
delete_recordings DELETE /v1/mmc/management/record/files
search_recordings GET /v1/mmc/management/record/files
show_sp_res GET /v1/mmc/management/spRes
update_web_hook_config_status PUT /v1/mmc/management/webhook/change-status
delete_web_hook_config DELETE /v1/mmc/management/webhook/link-config
show_web_hook_config GET /v1/mmc/management/webhook/link-config
set_web_hook_config POST /v1/mmc/management/webhook/link-config
show_record_info POST /v1/mmc/rlm/record/info
show_department GET /v1/usg/abs/departments/{dept_code}
search_corp_external_dir GET /v1/usg/abs/external-contacts
set_profile_image POST /v1/usg/abs/profile-images
set_user_profile_image POST /v1/usg/abs/profile-images/{user_id}
search_corp_dir GET /v1/usg/abs/users
batch_show_user_details POST /v1/usg/abs/users/list
show_device_status POST /v1/usg/acs/ap/userstatus
create_portal_ref_nonce POST /v1/usg/acs/auth/portal-ref-nonce
check_slide_verify_code PUT /v1/usg/acs/auth/slideverifycode/check
send_slide_verify_code POST /v1/usg/acs/auth/slideverifycode/send
show_sso_config GET /v1/usg/acs/authorizeconfig
set_sso_config POST /v1/usg/acs/authorizeconfig
update_pwd PUT /v1/usg/acs/password
reset_pwd_by_admin PUT /v1/usg/acs/password/admin/reset
reset_pwd PUT /v1/usg/acs/password/reset
delete_token DELETE /v1/usg/acs/token
update_token PUT /v1/usg/acs/token
check_token POST /v1/usg/acs/token/validate
check_verify_code PUT /v1/usg/acs/verifycode/check
send_veri_code_for_change_pwd POST /v1/usg/acs/verifycode/send
show_corp_basic_info GET /v1/usg/dcs/corp
update_corp_basic_info PUT /v1/usg/dcs/corp
search_corp_admins GET /v1/usg/dcs/corp/admin
add_corp_admin POST /v1/usg/dcs/corp/admin
batch_delete_corp_admins POST /v1/usg/dcs/corp/admin/delete
show_corp_admin GET /v1/usg/dcs/corp/admin/{account}
add_department POST /v1/usg/dcs/corp/dept
delete_department DELETE /v1/usg/dcs/corp/dept/{dept_code}
update_department PUT /v1/usg/dcs/corp/dept/{dept_code}
search_devices GET /v1/usg/dcs/corp/device
add_device POST /v1/usg/dcs/corp/device
batch_delete_devices POST /v1/usg/dcs/corp/device/delete
batch_update_devices_status PUT /v1/usg/dcs/corp/device/status/{value}
show_device_detail GET /v1/usg/dcs/corp/device/{sn}
update_device PUT /v1/usg/dcs/corp/device/{sn}
reset_activecode POST /v1/usg/dcs/corp/device/{sn}/activecode
search_users GET /v1/usg/dcs/corp/member
add_user POST /v1/usg/dcs/corp/member
invite_user POST /v1/usg/dcs/corp/member/add
batch_delete_users POST /v1/usg/dcs/corp/member/delete
batch_update_user_status PUT /v1/usg/dcs/corp/member/status/{value}
show_user_detail GET /v1/usg/dcs/corp/member/{account}
update_user PUT /v1/usg/dcs/corp/member/{account}
show_corp_resource GET /v1/usg/dcs/corp/resource
search_corp_resources GET /v1/usg/dcs/corp/resource-list
delete_vision_active_code DELETE /v1/usg/dcs/corp/vision/activecode
search_vision_active_code GET /v1/usg/dcs/corp/vision/activecode
create_vision_active_code POST /v1/usg/dcs/corp/vision/activecode
reset_vision_active_code PUT /v1/usg/dcs/corp/vision/activecode/{account}/reset
search_corp_vmr GET /v1/usg/dcs/corp/vmr
associate_vmr POST /v1/usg/dcs/corp/vmr/assign-to-member/{account}
delete_corp_vmr POST /v1/usg/dcs/corp/vmr/delete
disassociate_vmr POST /v1/usg/dcs/corp/vmr/recycle-from-member/{account}
show_my_info GET /v1/usg/dcs/member
update_my_info PUT /v1/usg/dcs/member
update_contact PUT /v1/usg/dcs/member/contact
search_department_by_name GET /v1/usg/dcs/member/dept
show_dept_and_child_dept GET /v1/usg/dcs/member/dept/{dept_code}
send_veri_code_for_update_user_info POST /v1/usg/dcs/member/verification-code
check_veri_code_for_update_user_info POST /v1/usg/dcs/member/verification-code/verify
search_member_vmr GET /v1/usg/dcs/member/vmr
update_member_vmr PUT /v1/usg/dcs/member/vmr/{id}
search_corp GET /v1/usg/dcs/sp/corp
add_corp POST /v1/usg/dcs/sp/corp
search_resource GET /v1/usg/dcs/sp/corp/{corp_id}/resource
add_resource POST /v1/usg/dcs/sp/corp/{corp_id}/resource
update_resource PUT /v1/usg/dcs/sp/corp/{corp_id}/resource
search_resource_op_record GET /v1/usg/dcs/sp/corp/{corp_id}/resource-record
delete_resource POST /v1/usg/dcs/sp/corp/{corp_id}/resource/delete
delete_corp DELETE /v1/usg/dcs/sp/corp/{id}
show_corp GET /v1/usg/dcs/sp/corp/{id}
update_corp PUT /v1/usg/dcs/sp/corp/{id}
show_sp_resource GET /v1/usg/dcs/sp/resource
show_device_types GET /v1/usg/dcs/termdevtype
search_materials GET /v1/usg/sss/materials
add_material POST /v1/usg/sss/materials
batch_delete_materials POST /v1/usg/sss/materials/batch-delete
update_material PUT /v1/usg/sss/materials/{id}
search_meeting_file_list GET /v1/usg/sss/meeting-files
show_meeting_file_list POST /v1/usg/sss/meeting-files/open-meeting-file-list
add_to_personal_space POST /v1/usg/sss/meeting-files/save-to-personal-space
show_meeting_file GET /v1/usg/sss/meeting-files/{file_code}
search_programs GET /v1/usg/sss/programs
add_program POST /v1/usg/sss/programs
batch_delete_programs POST /v1/usg/sss/programs/batch-delete
show_program GET /v1/usg/sss/programs/{id}
update_program PUT /v1/usg/sss/programs/{id}
search_publications GET /v1/usg/sss/publications
add_publication POST /v1/usg/sss/publications
batch_delete_publications POST /v1/usg/sss/publications/batch-delete
show_publication GET /v1/usg/sss/publications/{id}
update_publication PUT /v1/usg/sss/publications/{id}
create_webinar POST /v1/wss/webinar/open/conferences
update_webinar PUT /v1/wss/webinar/open/conferences
list_history_webinars GET /v1/wss/webinar/open/conferences/history
list_ongoing_webinars GET /v1/wss/webinar/open/conferences/ongoing
list_up_coming_webinars GET /v1/wss/webinar/open/conferences/upcoming
delete_webinar DELETE /v1/wss/webinar/open/conferences/{conference_id}
show_webinar GET /v1/wss/webinar/open/conferences/{conference_id}
upload_file PUT /v1/wss/webinar/open/res/file
show_room_setting GET /v1/wss/webinar/open/room-setting/{conference_id}
update_room_setting POST /v1/wss/webinar/open/room-setting/{conference_id}
create_auth_random GET /v2/mms/ncms/conferences/auth/random
check_call_number_in_conf GET /v2/mms/ncms/conferences/online/check-callnumber-in-conf
add_app_id POST /v2/usg/acs/corp/app
delete_app_id DELETE /v2/usg/acs/corp/app/{app_id}
update_app_id PUT /v2/usg/acs/corp/app/{app_id}
reset_app_key PUT /v2/usg/acs/corp/app/{app_id}/reset
batch_search_app_id GET /v2/usg/acs/corp/apps
"""

OPERATIONS: tuple[Operation, ...] = tuple(Operation(*line.split()) for line in _ALL.strip().splitlines())

# Beginning of a path -> why its operations without a route are left out. The longest beginning counts.
REASONS = {
    "/v1/metrics/": "quality statistics are read from the XML dialect's call legs",
    "/v1/mmc/control/conferences/live": "live streaming comes with recording",
    "/v1/mmc/control/conferences/mmrLive": "live streaming comes with recording",
    "/v1/mmc/control/conferences/record": "recording comes later",
    "/v1/mmc/control/conferences/mmrRecord": "recording comes later",
    "/v1/mmc/control/conferences/allowClientRecord": "no client of ours records by itself",
    "/v1/mmc/control/conferences/display/": "layouts come with video",
    "/v1/mmc/control/conferences/layOut": "layouts come with video",
    "/v1/mmc/control/conferences/chairView": "layouts come with video",
    "/v1/mmc/control/conferences/partView": "layouts come with video",
    "/v1/mmc/control/conferences/lockView": "layouts come with video",
    "/v1/mmc/control/conferences/participants/broadcast": "layouts come with video",
    "/v1/mmc/control/conferences/participants/video": "layouts come with video",
    "/v1/mmc/control/conferences/participants/share": "shared screens come with video",
    "/v1/mmc/control/conferences/pause": "there are no webinars",
    "/v1/mmc/control/conferences/allowAudience": "there are no webinars",
    "/v1/mmc/control/conferences/interpreterGroup": "there is no simultaneous interpreting",
    "/v1/mmc/control/conferences/simultaneousInterpretation": "there is no simultaneous interpreting",
    "/v1/mmc/control/conferences/setAttendeeLanChannel": "there is no simultaneous interpreting",
    "/v1/mmc/control/confmaintain/": "of the vendor's own sites",
    "/v1/mmc/cqs/": "quality statistics are read from the XML dialect's call legs",
    "/v1/mmc/management/conferences/history/confCtlRecord": "what hosts did is in the event log",
    "/v1/mmc/management/conferences/record": "recording comes later",
    "/v1/mmc/management/record": "recording comes later",
    "/v1/mmc/management/orgRes": "of the vendor's packages",
    "/v1/mmc/management/spRes": "of the vendor's packages",
    "/v1/mmc/management/conferences/confOrg": "of the vendor's own sites",
    "/v1/mmc/management/webhook/": "events are pushed over WebSockets alone",
    "/v1/mmc/rlm/": "recording comes later",
    "/v1/usg/abs/external-contacts": "there is no directory of outsiders",
    "/v1/usg/abs/profile-images": "pictures of people are not kept",
    "/v1/usg/acs/ap/userstatus": "room systems are not kept: they call in like every phone",
    "/v1/usg/acs/auth/slideverifycode/": "there is no captcha: guessing is bounded by locks",
    "/v1/usg/acs/authorizeconfig": "single sign-on comes later",
    "/v1/usg/acs/verifycode/": "an administrator resets passwords",
    "/v1/usg/dcs/corp/device": "room systems are not kept: they call in like every phone",
    "/v1/usg/dcs/corp/member/add": "people do not register themselves: POST /v1/usg/dcs/corp/member",
    "/v1/usg/dcs/corp/resource": "of the vendor's packages",
    "/v1/usg/dcs/corp/vision/": "of the vendor's television app",
    "/v1/usg/dcs/member/contact": "an administrator changes phone and e-mail address",
    "/v1/usg/dcs/member/verification-code": "an administrator changes phone and e-mail address",
    "/v1/usg/dcs/sp/": "tenants are made with the XML dialect: /api/v1/tenants",
    "/v1/usg/dcs/termdevtype": "room systems are not kept: they call in like every phone",
    "/v1/usg/sss/": "there are no meeting files and no signage",
    "/v1/wss/": "there are no webinars",
}


def reason(path: str) -> str | None:
    """Why an operation without a route is left out; None: it should have one."""
    fitting = [start for start in REASONS if path.startswith(start)]
    return REASONS[max(fitting, key=len)] if fitting else None


def left_out(routes: list[Route]) -> list[Operation]:
    """The operations that none of these routes serves."""
    served = {(route.method, route.template) for route in routes}
    return [one for one in OPERATIONS if (one.method, one.path) not in served]


def refusing(routes: list[Route]) -> list[Route]:
    """A route for each of those, which says that it is left out and why."""
    return [_refusing(one) for one in left_out(routes)]


def _refusing(operation: Operation) -> Route:
    why = reason(operation.path) or "not offered by this version"

    async def refuse(_: Request) -> None:
        raise HuaweiError(NOT_DONE, f"{operation.name}: {why}")

    return Route(operation.method, operation.path, refuse, Auth.NONE)
