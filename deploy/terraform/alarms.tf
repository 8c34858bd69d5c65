# The alarms, the dashboard and the metrics of the scaling, read from the templates: their texts exist once.

locals {
  alarm_resources = merge(
    local.alarm_templates.services.Resources,
    local.alarm_templates.watch.Resources,
    local.alarm_templates.objectives.Resources,
    local.alarm_templates.audit.Resources,
    # Both services.yaml and watch.yaml have an alarm of this logical id.
    { FirstWorkerAlarm = local.alarm_templates.services.Resources.NobodyWorks },
  )
  # References become the names of their parameters and resources, and then their values.
  alarm_texts = {
    for name, one in local.alarm_resources : name =>
    replace(replace(replace(jsonencode(one.Properties),
      "/\\{\"Fn::Sub\":\"((?:[^\"\\\\]|\\\\.)*)\"\\}/", "\"$1\""),
      "/\\{\"Ref\":\"([A-Za-z]+)\"\\}/", "\"$${$1}\""),
    "/\\{\"Fn::GetAtt\":\\[\"([A-Za-z]+)\",\"Name\"\\]\\}/", "\"$${$1}\"")
    if contains(["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::ApplicationAutoScaling::ScalingPolicy"], one.Type)
  }
  # The services name these, so they cannot depend on services.
  of_deployments    = ["ApiDeployment", "WorkerDeployment"]
  deployment_values = { Prefix = var.prefix, Balancer = { LoadBalancerFullName = aws_lb.balancer.arn_suffix } }
  deployment_alarms = { for name in local.of_deployments : name => jsondecode(templatestring(local.alarm_texts[name], local.deployment_values)) }

  # Alarms on audit records exist only with records.
  without_audit = [for name, one in local.alarm_resources : name if try(one.Condition, "") == "HasAudit" && !local.has_audit]
  alarms_read   = { for name, text in local.alarm_texts : name => jsondecode(templatestring(local.alarm_texts[name], local.alarm_values)) if !contains(concat(local.of_deployments, local.without_audit), name) }

  metric_alarms    = { for name, one in local.alarms_read : name => one if local.alarm_resources[name].Type == "AWS::CloudWatch::Alarm" }
  composite_alarms = { for name, one in local.alarms_read : name => one if local.alarm_resources[name].Type == "AWS::CloudWatch::CompositeAlarm" }
  backlog_metrics  = local.alarms_read["WorkersByBacklog"].TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics
  dashboard_text   = replace(local.alarm_templates.dashboard.Resources.Dashboard.Properties.DashboardBody["Fn::Sub"], "AWS::Region", "Region")
  dashboard_body   = templatestring(local.dashboard_text, local.alarm_values)
}
