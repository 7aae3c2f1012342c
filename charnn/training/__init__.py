"""Training, whatever the task. To read it from the beginning: `objective` (what is trained), `loop` (the updates and
validations), `schedule`, `optimizers` and `updates` (one update), `planning` (what plans are made with), `session` (one
sitting of a run, from a plan to a model directory), `keeper`, `report` and `verdict` (what a run leaves and says),
`hardware`, and `distributed` (several processes that train one model).
"""
