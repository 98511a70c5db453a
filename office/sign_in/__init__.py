"""The door of the office: passwords, second factors, and what each person says about their own."""
