variable "alarms" {
  # Properties of AWS::CloudWatch::Alarm, of which the optional ones differ.
  type        = any
  description = "Properties of the alarms by their logical ids, as in the templates"
}
