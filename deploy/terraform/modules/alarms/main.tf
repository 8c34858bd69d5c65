# Metric alarms, from the properties that the templates of CloudFormation give them.

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = var.alarms
  alarm_name          = each.value.AlarmName
  alarm_description   = each.value.AlarmDescription
  comparison_operator = each.value.ComparisonOperator
  threshold           = each.value.Threshold
  evaluation_periods  = each.value.EvaluationPeriods
  datapoints_to_alarm = try(each.value.DatapointsToAlarm, null)
  treat_missing_data  = each.value.TreatMissingData
  alarm_actions       = try(each.value.AlarmActions, null)
  ok_actions          = try(each.value.OKActions, null)

  dynamic "metric_query" {
    for_each = each.value.Metrics

    content {
      id          = metric_query.value.Id
      label       = try(metric_query.value.Label, null)
      expression  = try(metric_query.value.Expression, null)
      period      = try(metric_query.value.Period, null)
      return_data = metric_query.value.ReturnData

      dynamic "metric" {
        for_each = try([metric_query.value.MetricStat], [])

        content {
          namespace   = metric.value.Metric.Namespace
          metric_name = metric.value.Metric.MetricName
          dimensions  = { for one in metric.value.Metric.Dimensions : one.Name => one.Value }
          stat        = metric.value.Stat
          period      = metric.value.Period
        }
      }
    }
  }
}
