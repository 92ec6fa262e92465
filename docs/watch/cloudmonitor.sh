#!/bin/sh
# Puts CloudMonitor's alarms on what pai-notify runs on, so that they come also when nothing of it runs. Repeating it
# replaces the alarms but adds a second site monitor: delete the one of before in the console. It needs the command aliyun
# with a key that may call cms:PutResourceMetricRule and cms:CreateSiteMonitor.
#
#   ACCOUNT_ID=… REGION=cn-hangzhou DOMAIN=notify.example.com CONTACTS=the-contact-group \
#     QUEUE=the-dead-letter-queue sh docs/watch/cloudmonitor.sh
#
# Names of metrics: help.aliyun.com/zh/functioncompute/fc/user-guide/monitoring-metrics-1 (acs_fc), and CloudMonitor's
# list of metrics (acs_mns_new).
set -eu
: "${ACCOUNT_ID:?the account number}" "${REGION:?such as cn-hangzhou}" "${DOMAIN:?the host of the API}"
: "${CONTACTS:?a contact group of CloudMonitor}" "${QUEUE?the MNS queue of DEAD_LETTER_ARN; empty: there is none}"
PREFIX=${PREFIX:-pai-notify}
cd "$(dirname "$0")/../.."

functions=
for main in functions/*/main.go functions/*/*/main.go; do
	name=$(dirname "${main#functions/}" | tr / -)
	functions="$functions,{\"userId\":\"$ACCOUNT_ID\",\"region\":\"$REGION\",\"functionName\":\"$PREFIX-$name\"}"
done
functions="[${functions#,}]"

# alarm NAME NAMESPACE METRIC RESOURCES THRESHOLD MINUTES: critical once the metric was at least that for so many minutes.
alarm() {
	aliyun cms PutResourceMetricRule --RuleId "$PREFIX-$1" --RuleName "$PREFIX-$1" --Namespace "$2" --MetricName "$3" \
		--Resources "$4" --ContactGroups "$CONTACTS" --Period 60 --Interval 60 --SilenceTime 3600 \
		--Escalations.Critical.Statistics Value --Escalations.Critical.ComparisonOperator GreaterThanOrEqualToThreshold \
		--Escalations.Critical.Threshold "$5" --Escalations.Critical.Times "$6"
}

# A function that fails holds its events up: EventBridge tries for a day, then they go to the dead-letter queue.
alarm function-errors acs_fc FunctionFunctionErrors "$functions" 1 5
alarm platform-errors acs_fc FunctionServerErrors "$functions" 1 5
alarm instances-short acs_fc FunctionConcurrencyThrottles "$functions" 1 5
alarm account-short acs_fc FunctionResourceThrottles "$functions" 1 5
# The timer of sweep invokes it each minute: without it there is no heartbeat.
aliyun cms PutResourceMetricRule --RuleId "$PREFIX-sweep-silent" --RuleName "$PREFIX-sweep-silent" --Namespace acs_fc \
	--MetricName FunctionTotalInvocations --ContactGroups "$CONTACTS" --Period 60 --Interval 60 --SilenceTime 3600 \
	--Resources "[{\"userId\":\"$ACCOUNT_ID\",\"region\":\"$REGION\",\"functionName\":\"$PREFIX-sweep\"}]" \
	--NoDataPolicy ALERTED --Escalations.Critical.Statistics Value \
	--Escalations.Critical.ComparisonOperator LessThanThreshold --Escalations.Critical.Threshold 1 --Escalations.Critical.Times 5
# What lies there was told to nobody.
if [ -n "$QUEUE" ]; then
	alarm dead-letters acs_mns_new ActiveMessages \
		"[{\"userId\":\"$ACCOUNT_ID\",\"region\":\"$REGION\",\"queue\":\"$QUEUE\"}]" 1 1
fi
# /healthz is open; it fails when no heartbeat has come back for five minutes.
aliyun cms CreateSiteMonitor --TaskName "$PREFIX-healthz" --TaskType HTTP --Address "https://$DOMAIN/healthz" --Interval 1 \
	--OptionsJson '{"http_method":"get","time_out":10000,"match_rule":0,"response_content":"\"ok\""}'
