"""What satellites and models saw: values with place and time, what was left out, and why."""
