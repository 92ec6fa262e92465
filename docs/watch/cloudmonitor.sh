#!/bin/sh
# Puts CloudMonitor's alarms on what pai-notify runs on, so that they come also when nothing of it runs. Run again it
# replaces what it made. It needs the command aliyun with a key that may call cms:PutResourceMetricRule,
# cms:DescribeSiteMonitorList, cms:CreateSiteMonitor and cms:ModifySiteMonitor.
#
#   ACCOUNT_ID=… REGION=cn-hangzhou DOMAIN=notify.example.com CONTACTS=the-contact-group \
#     QUEUE=the-dead-letter-queue sh docs/watch/cloudmonitor.sh
#
# Names of metrics: help.aliyun.com/zh/functioncompute/fc/user-guide/monitoring-metrics-1 (acs_fc), and CloudMonitor's
# list of metrics (acs_mns_new, acs_networkmonitor). Not tried yet, for want of an account: see docs/imperfect.md.
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

# alarm NAME NAMESPACE METRIC RESOURCES MINUTES STATISTIC OPERATOR THRESHOLD [MORE…]: critical once the metric was so for so
# many minutes.
alarm() {
	name=$1 namespace=$2 metric=$3 resources=$4 minutes=$5 statistic=$6 operator=$7 threshold=$8
	shift 8
	aliyun cms PutResourceMetricRule --RuleId "$PREFIX-$name" --RuleName "$PREFIX-$name" --Namespace "$namespace" \
		--MetricName "$metric" --Resources "$resources" --ContactGroups "$CONTACTS" --Period 60 --Interval 60 --SilenceTime 3600 \
		--Escalations.Critical.Statistics "$statistic" --Escalations.Critical.ComparisonOperator "$operator" \
		--Escalations.Critical.Threshold "$threshold" --Escalations.Critical.Times "$minutes" "$@"
}

# A function that fails holds its events up: EventBridge tries for a day, then they go to the dead-letter queue.
alarm function-errors acs_fc FunctionFunctionErrors "$functions" 5 Value GreaterThanOrEqualToThreshold 1
alarm platform-errors acs_fc FunctionServerErrors "$functions" 5 Value GreaterThanOrEqualToThreshold 1
alarm instances-short acs_fc FunctionConcurrencyThrottles "$functions" 5 Value GreaterThanOrEqualToThreshold 1
alarm account-short acs_fc FunctionResourceThrottles "$functions" 5 Value GreaterThanOrEqualToThreshold 1
# The timer of sweep invokes it each minute: without it there is no heartbeat, and no figure either.
alarm sweep-silent acs_fc FunctionTotalInvocations \
	"[{\"userId\":\"$ACCOUNT_ID\",\"region\":\"$REGION\",\"functionName\":\"$PREFIX-sweep\"}]" \
	5 Value LessThanThreshold 1 --NoDataPolicy INSUFFICIENT_DATA
# What lies there was told to nobody.
if [ -n "$QUEUE" ]; then
	alarm dead-letters acs_mns_new ActiveMessages \
		"[{\"userId\":\"$ACCOUNT_ID\",\"region\":\"$REGION\",\"queue\":\"$QUEUE\"}]" 1 Value GreaterThanOrEqualToThreshold 1
fi

# /healthz is open; it answers 503 when no heartbeat has come back for five minutes.
probe=$(printf '%s_healthz' "$PREFIX" | tr - _) # CloudMonitor takes no hyphen there
# probes lists the numbers of those that have exactly this name, below two lines of heading.
probes() {
	aliyun cms DescribeSiteMonitorList --Keyword "$probe" --PageSize 100 --output cols=TaskId \
		"rows=SiteMonitors.SiteMonitor[?TaskName=='$probe'] || \`[]\`"
}
set -- --TaskName "$probe" --Address "https://$DOMAIN/healthz" --Interval 1 --OptionsJson '{"http_method":"get","time_out":10000}'
found=$(probes)
id=$(printf '%s\n' "$found" | sed -n 3p)
if [ -n "$id" ]; then
	aliyun cms ModifySiteMonitor --TaskId "$id" "$@"
else
	aliyun cms CreateSiteMonitor --TaskType HTTP "$@"
	found=$(probes)
	id=$(printf '%s\n' "$found" | sed -n 3p)
fi
: "${id:?CloudMonitor does not list the site monitor $probe: run this again in a minute}"
# Of the places that ask, a few may be out of order themselves.
alarm healthz acs_networkmonitor Availability "[{\"taskId\":\"$id\"}]" 2 Availability LessThanThreshold 60
